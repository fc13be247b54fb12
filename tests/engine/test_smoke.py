import threading
from solar_chat.engine import *
from tests.engine.conftest import *  # noqa
def test_it(backend):
    ev = list(backend.stream(GenerationRequest(PROMPT, 200, sampling=Sampling(temperature=0)), threading.Event()))
    print(ev[:3], ev[-1])
    print(repr("".join(e.text for e in ev if isinstance(e, TextPiece))))
    ev = list(backend.stream(GenerationRequest(PROMPT, 200, sampling=Sampling(temperature=0)), threading.Event()))
    print(ev[:3], ev[-1])
    assert "".join(e.text for e in ev if isinstance(e, TextPiece)) == ANSWER
