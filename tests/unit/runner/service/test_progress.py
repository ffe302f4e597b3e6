from talkingshorts.display.events import Cached, NodeStarted, Progress
from talkingshorts.service.progress import OrderProgress, ProgressBoard

GRAPH = {
    "1": {"class_type": "PrimitiveString", "inputs": {}},
    "2": {"class_type": "Voice", "inputs": {}},
    "3": {"class_type": "Video", "inputs": {}},
    "4": {"class_type": "Save", "inputs": {}},
    "5": {"class_type": "Load", "inputs": {}},
}


def fraction_of(board: ProgressBoard) -> float:
    progress = board.of("job_1")
    assert progress is not None
    return progress.fraction


def test_nodes_that_take_no_time_dont_count() -> None:
    board = ProgressBoard()
    board.begin("job_1", GRAPH)
    fractions = [fraction_of(board)]
    for event in (
        Cached(("Load",)),
        NodeStarted("2", "Voice"),
        NodeStarted("3", "Video"),
        Progress("3", "Video", 1, 2, 4),
    ):
        board.note("job_1", event)
        fractions.append(fraction_of(board))

    assert fractions == [0.0, 0.25, 0.25, 0.5, 0.625]
    assert board.of("job_1") is not None


def test_the_stage_is_the_node_that_runs() -> None:
    board = ProgressBoard()
    board.begin("job_1", GRAPH)
    board.note("job_1", NodeStarted("3", "Talking video"))
    board.note("job_1", Progress("3", "Talking video", 2, 40, 12.34))
    progress = board.of("job_1")

    assert progress is not None
    assert progress.describe() == {
        "fraction": 0.125 * 0.1,
        "stage": "Talking video",
        "node": "3",
        "step": 2,
        "total": 40,
        "eta_seconds": 12.3,
    }


def test_news_of_an_order_that_doesnt_run_is_nothing() -> None:
    board = ProgressBoard()
    board.note("job_1", NodeStarted("3", "Video"))
    board.announce("job_1")

    assert board.of("job_1") is None
    assert board._marks == {}


def test_each_change_has_a_mark_of_its_own_and_an_ended_order_leaves_none() -> None:
    board = ProgressBoard()
    board.begin("job_1", GRAPH)
    marks = [board.mark("job_1")]
    board.note("job_1", NodeStarted("2", "Voice"))
    marks.append(board.mark("job_1"))
    board.announce("job_1")
    marks.append(board.mark("job_1"))
    board.end("job_1")

    assert len(set(marks)) == 3
    assert board._marks == {}
    assert OrderProgress().describe()["fraction"] == 0.0
