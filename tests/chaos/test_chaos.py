"""All of the chaos at once, for a short while; ./dev chaos does it for longer."""
import pytest

import actors
from chaos import Chaos

SECONDS = 10


@pytest.mark.parametrize("workers", [1, 2])
def test_all_at_once(workers):
    chaos = Chaos(list(actors.ACTORS), workers, clients=12)
    wrong = chaos.run(SECONDS)
    assert not wrong, "\n".join(wrong)
    assert chaos.figures["batches"]["there"] > 0
