"""Any key in a file of keys: used, or refused by the file's name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import SettingsError
from config.settings import Settings
from tests.support.keys import write_jwks
from ws_server.door.tokens import Tokens


@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "alg", "kid", "use", "x", "y", "n", "e", "d"]),
        st.sampled_from(
            ["RSA", "EC", "OKP", "P-256", "Ed25519", "ES256", "sig", "AQAB", "", "é", 1, None, []]
        ),
    )
)
def test_whatever_is_in_a_key_is_used_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, key: dict[str, object]
) -> None:
    path = write_jwks(tmp_path_factory.mktemp("keys"), key)

    named = {"SUBSCRIBE_JWKS_FILE"}
    try:
        Tokens(Settings(subscribe_jwks_file=path))
    except SettingsError as problem:
        named.add(problem.name)

    assert named == {"SUBSCRIBE_JWKS_FILE"}
