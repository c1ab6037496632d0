"""The authors' release of one data set (features, labels, concepts, a trained model) as artifacts of this project."""

from dance_core.release.artifacts import ReleaseArtifacts, release_artifacts
from dance_core.release.files import ReleaseFolder
from dance_core.release.model import released_model

__all__ = ["ReleaseArtifacts", "ReleaseFolder", "release_artifacts", "released_model"]
