from support.fakes.comfyui import OBJECT_INFO
from support.fakes.slots import NODES
from talkingshorts.batch.descriptions import Descriptions
from talkingshorts.workflow.node_info import parse_node_info


def test_servers_that_say_the_same_share_one_description() -> None:
    descriptions = Descriptions()
    alike = {name: parse_node_info(name, answer) for name, answer in OBJECT_INFO.items()}

    first = descriptions.unify(NODES)
    assert descriptions.unify(alike) is first
    assert descriptions.unify({**alike, "SaveImage": alike["EmptyImage"]}) is not first


def test_a_description_that_nobody_uses_is_kept_no_longer() -> None:
    descriptions = Descriptions()
    first = descriptions.unify(NODES)
    del first

    assert len(descriptions._known) == 0
