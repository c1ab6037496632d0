"""The download rule, against a server on this machine: what the settings say reaches the library."""

import io
import json
import zipfile

import pytest
import yaml

from tests.unit.datasets.web import serve


@pytest.fixture
def offered(project):
    """A copy of the workflow whose source of KTH is one archive on the test's own server; gives what it was asked."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("person01_walking_d1_uncomp.avi", "walk")
    site, server = serve()
    site.files["/walking.zip"] = content.getvalue()
    entry = {
        "title": "KTH",
        "page": "https://example.org/kth",
        "terms": "For research only.",
        "unpacked": 4,
        "files": [{"name": "walking.zip", "urls": [site.url("/walking.zip")], "size": 100, "into": "walking"}],
    }
    (project.folder / "dance_core" / "datasets" / "sources.yaml").write_text(yaml.safe_dump({"kth": entry}))
    (project.folder / "kth").mkdir()
    yield site
    server.shutdown()
    server.server_close()


def test_a_data_set_is_fetched_once_its_terms_are_accepted(project, offered):
    done = project.run("--cores", "1", "download/kth", "--config", "source=kth", "accept_terms=kth")
    assert done.returncode == 0, done.stdout
    assert (project.folder / "kth" / "walking" / "person01_walking_d1_uncomp.avi").read_text() == "walk"
    report = json.loads((project.folder / "download" / "kth").read_text())
    assert report["walking.zip"]["content"] == ["walking/person01_walking_d1_uncomp.avi"]
    assert "For research only." in (project.folder / "logs" / "download" / "kth.log").read_text()
    assert len(offered.asked) == 1
