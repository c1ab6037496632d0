"""The sparse linear classifier on standardised concept activations: elastic-net multinomial regression, certified.

    minimise  mean_i CE(softmax(W z_i + b), y_i) + l1 * |W|_1 + l2 / 2 * |W|_F^2

with l1 = lam * alpha and l2 = lam * (1 - alpha). The bias is free. An orthant-wise Newton method reaches the optimum
itself, where the stochastic solver of the authors stops short of it; the certificates are the optimality (KKT) residual
and the duality gap.
"""

from dance_core.sparse_classifier.fitting import SOLVERS, fit_sparse_classifier
from dance_core.sparse_classifier.objective import (
    ZERO_WEIGHT,
    CrossEntropy,
    ElasticNet,
    SparseClassifier,
    effective_concepts,
)
from dance_core.sparse_classifier.path import (
    at_effective_concepts,
    falling_strengths,
    fit_path,
    strongest_lam,
    truncated,
)
from dance_core.sparse_classifier.saga import SagaSettings, lam_of_authors

__all__ = [
    "SOLVERS",
    "ZERO_WEIGHT",
    "CrossEntropy",
    "ElasticNet",
    "SagaSettings",
    "SparseClassifier",
    "at_effective_concepts",
    "effective_concepts",
    "falling_strengths",
    "fit_path",
    "fit_sparse_classifier",
    "lam_of_authors",
    "strongest_lam",
    "truncated",
]
