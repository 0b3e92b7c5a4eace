"""From folders of materials to batches of samples: what training reads.

The words of this room, in the order of a sample's way:

material   one surface: its target maps, its normal and its diffuses, in a folder of its own (`sources`).
domain     where materials are from: "matsynth" (published PBR) or "skyrim" (the game), each with a cache.
family     near-copies of one material; a split never parts them (`split`).
split      "train", "val" or "test".
entry      one material at one scale in the cache (`cache_format`). scale: share of the cached size, 1.0 or 0.5.
style      where a diffuse is from: REAL_STYLE (the material's own), PAINTED_FILE_STYLE (a painting on disk), or the
           name of the painter that painted it for the cache.
variant    one of an entry's diffuses, by its number; all scales of a material have the same variants.
pair       a material with its variants of one pool: what is drawn (`dataset.Pair`).
pool       the pairs that share a chance: "real", "synthetic" (both MatSynth's) and "skyrim" (`dataset.POOLS`).
draw       a sampler's request for one sample: epoch, position in the epoch, pair, side of the crop (`dataset.Draw`).
crop       a square of texels of all maps of an entry at once (`crop`).
sample     crops, augmented: what a network sees once; drawn as numbers (`sample`), read as codes and put side by side
           in a batch (`batch`), made floats on the device that trains (`on_device`).
"""
