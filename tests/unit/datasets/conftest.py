"""A web server for the tests that download."""

import pytest

from tests.unit.datasets.web import serve


@pytest.fixture
def site():
    served, server = serve()
    yield served
    server.shutdown()
    server.server_close()
