"""The wiring of the networks stands in one table, which every room reads."""

import inspect

import pytest

torch = pytest.importorskip("torch")

from unbake.domain.maps import GEOMETRY, OUTPUTS, SPECS, MapKind  # noqa: E402
from unbake.domain.networks import CLASSIFIER, NETWORKS, given_name, input_name, network_of  # noqa: E402
from unbake.models.config import CONFIGS  # noqa: E402
from unbake.models.network import Networks  # noqa: E402


def test_every_output_has_one_network():
    assert sorted(kind for network in NETWORKS.values() for kind in network.gives) == sorted(OUTPUTS)


def test_no_network_reads_what_a_later_one_gives():
    names = list(NETWORKS)
    for name, network in NETWORKS.items():
        assert network.conditioned_on <= set(names[: names.index(name)])


def test_a_network_reads_inputs_of_a_texture_or_outputs_of_other_networks():
    given = {MapKind.DIFFUSE, MapKind.NORMAL, MapKind.SPECULAR, MapKind.ENVIRONMENT, *GEOMETRY}
    known = given | {*OUTPUTS, MapKind.COARSE}
    assert {kind for network in NETWORKS.values() for kind in network.reads} <= known


def test_the_classifiers_word_on_each_patch_is_read_by_all_after_it():
    assert [name for name, network in NETWORKS.items() if MapKind.COARSE in network.reads] == [
        "segformer",
        "unet_albedo",
        "unet_maps",
    ]


def test_who_reads_the_classifiers_labels_or_patches_is_conditioned_on_it():
    assert all(
        CLASSIFIER in network.conditioned_on for name, network in NETWORKS.items() if name != CLASSIFIER
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_a_flag_follows_each_map_that_textures_may_lack_and_no_other(name):
    inputs = NETWORKS[name].inputs
    flags = {given_name(kind): input_name(kind) for kind in NETWORKS[name].reads if SPECS[kind].optional}
    assert {flag: inputs[inputs.index(flag) - 1] for flag in flags} == flags
    assert {one for one in inputs if one.endswith("_given")} == set(flags)


def test_whoever_runs_for_a_network_runs_for_those_they_read_from():
    for network in NETWORKS.values():
        for other in network.conditioned_on:
            assert NETWORKS[other].conditioned_on <= network.conditioned_on


@pytest.fixture(scope="module")
def networks():
    return Networks(CONFIGS["tiny"])


def test_the_networks_are_built_in_the_order_of_the_table(networks):
    assert [name for name, _ in networks.named_children()] == list(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_forward_takes_as_many_arguments_as_its_file_has_inputs(name, networks):
    arguments = list(inspect.signature(networks.get_submodule(name).forward).parameters)
    spoken = {"mask_prob": "mask"}
    assert [spoken.get(argument, argument) for argument in arguments] == list(NETWORKS[name].inputs)


@pytest.mark.parametrize("name", ["unet_albedo", "unet_maps"])
def test_a_unet_has_a_head_for_each_map_it_gives(name, networks):
    heads = dict(networks.get_submodule(name).body.heads.named_children())
    assert list(heads) == [str(kind) for kind in NETWORKS[name].gives]


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_network_corrects_only_what_it_reads(kind):
    start = SPECS[kind].start
    assert start is None or start in NETWORKS[network_of(kind)].reads


@pytest.mark.parametrize("name", ["unet_albedo", "unet_maps"])
def test_a_unets_file_names_its_outputs_as_the_maps_they_are(name):
    assert NETWORKS[name].outputs == tuple(str(kind) for kind in NETWORKS[name].gives)


def test_no_two_maps_of_a_network_share_an_input_but_the_geometry():
    for network in NETWORKS.values():
        names = [input_name(kind) for kind in network.reads if kind not in GEOMETRY]
        assert len(names) == len(set(names))
