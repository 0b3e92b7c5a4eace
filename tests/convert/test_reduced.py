from unbake.convert.reduced import reduced_size


def test_a_reduced_copy_keeps_to_the_longest_side_and_multiples_of_32() -> None:
    for height, width in ((1, 1), (33, 4000), (512, 512), (1024, 768), (5, 31)):
        sides = reduced_size(height, width, 512)
        assert max(sides) <= 512
        assert all(side % 32 == 0 and side > 0 for side in sides)


def test_a_size_that_fits_is_kept() -> None:
    assert reduced_size(512, 256, 512) == (512, 256)
