import pytest

from comrec_tf.compression.goal import Goal


def test_a_score_alone_is_worth_itself():
    assert Goal(50.0).worth(47.0, 0.9) == 47.0
    assert Goal(50.0, 0.9).worth(47.0, None) == 47.0


@pytest.mark.parametrize(
    ("score", "structure", "reached"),
    [(50.0, 0.9, True), (60.0, 0.8995, True), (60.0, 0.898, False), (49.9, 0.99, False)],
)
def test_a_goal_of_both_is_reached_where_both_are(score, structure, reached):
    assert (Goal(50.0, 0.9).worth(score, structure) >= 50.0) == reached


def test_the_less_structure_the_further_it_is():
    worth = [Goal(50.0, 0.9).worth(70.0, 0.9 - missing) for missing in (0.0, 0.01, 0.05)]
    assert worth == sorted(worth, reverse=True)
