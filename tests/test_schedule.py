import pytest

from image_generating.config import RECIPES, Recipe, TrainConfig
from image_generating.errors import UserError
from image_generating.schedule import Schedule, phases, schedule


def _recipe(resolution: int) -> Recipe:
    recipe = RECIPES["residual"]
    network = recipe.network.replace(resolution=resolution)
    return recipe.replace(network=network, growth=((4, 0.5), (1, 0.5)))


def _schedule(**bounds):
    config = TrainConfig(data="phantom", output="run", **bounds)
    return schedule(config, phases(_recipe(800)), data_set_size=300)


def test_growth_visits_lower_resolutions_first_and_ends_with_the_full_one():
    steps = phases(_recipe(800))
    assert [resolution for resolution, _ in steps] == [200, 800]
    ends = [end for _, end in steps]
    assert ends == sorted(ends)
    assert ends[-1] == pytest.approx(1)


def test_phases_below_twice_the_base_are_left_out():
    assert [resolution for resolution, _ in phases(_recipe(400))] == [100, 400]
    assert phases(_recipe(100)) == ((100, 1.0),)
    assert phases(_recipe(64)) == ((64, 1.0),)
    assert phases(RECIPES["classic"]) == ((800, 1.0),)


def test_the_first_bound_reached_counts():
    both = _schedule(epochs=10, minutes=5)
    assert both.progress(images=1500, seconds=0) == pytest.approx(0.5)
    assert both.progress(images=0, seconds=150) == pytest.approx(0.5)
    assert _schedule(kimg=1, epochs=100).progress(1000, 0) == pytest.approx(1)


def test_without_a_bound_a_training_lasts_an_hour():
    assert _schedule().progress(10**6, 1800) == pytest.approx(0.5)


def test_resolution_follows_progress():
    bounds = _schedule(minutes=10)
    visited = [bounds.resolution(progress / 100) for progress in range(101)]
    assert visited[0] == 200
    assert visited[-1] == 800
    assert visited == sorted(visited)


def test_the_last_phase_has_a_progress_of_its_own():
    halves = _schedule(kimg=10)
    assert [halves.last_phase(progress) for progress in (0, 0.5, 0.75, 1, 1.1)] == [0, 0, 0.5, 1, 1]
    alone = Schedule(images=1.0, seconds=None, phases=((64, 1.0),))
    assert alone.last_phase(0.7) == 0


@pytest.mark.parametrize("bound", ["epochs", "kimg", "minutes"])
def test_bounds_must_be_positive(bound):
    with pytest.raises(UserError, match=f"--{bound}"):
        _schedule(**{bound: 0})
