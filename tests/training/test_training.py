"""The trainer on made-up photographs: data, losses, one run that is stopped and goes on, and both stages learning."""
import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from synth_core import canvas
from synth_core import labels as label_set
from synth_core.cli import main
from synth_core.export import export_checkpoints
from synth_core.training import checkpoint, config, data, losses, scenes, split
from synth_core.training.blockouts import blockout
from synth_core.training.composition import CompositionTeacher
from synth_core.training.data import Batches, DataError, Photographs, merge, one_hot
from synth_core.training.detail import PAINTED_SIZES
from synth_core.training.feed import feed
from synth_core.training.loop import Loop, average_decay, rate_factor


def test_every_run_file_loads():
    names = [path.stem for path in config.RUNS.glob("*.toml")]
    assert {"composition128", "composition256", "detail"} <= set(names)
    assert [config.load(name).levels for name in ("composition128", "composition256")] == [6, 7]


@pytest.mark.parametrize("text, part", [("speed = 3", "unknown settings: speed"), ('stage = "sound"', "stage is"), ("size = 100", "power of two")])
def test_a_bad_run_file_is_named(tmp_path, text, part):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(config.ConfigError, match=part):
        config.load(str(path))


def test_scenes_as_blender_makes_them():
    maps = [scenes.label_map(name, 128) for name in scenes.NAMES]
    assert all(ids.shape == (128, 192) and ids.min() > 0 for ids in maps)
    assert [len(np.unique(scenes.label_map(name))) for name in scenes.NAMES] == [12, 7, 7, 6, 7, 5]


def test_an_unknown_run_names_those_there_are():
    with pytest.raises(config.ConfigError, match="composition128"):
        config.load("fresco")


def test_blockouts_are_full_maps_of_few_labels_with_straight_edges():
    maps = [blockout(64, random.Random(k)) for k in range(40)]
    assert all(ids.shape == (64, 64) and ids.min() > 0 and len(np.unique(ids)) <= 10 for ids in maps)
    assert len(set().union(*(np.unique(ids).tolist() for ids in maps))) > 10
    assert np.array_equal(blockout(64, random.Random(3)), maps[3])


@pytest.mark.parametrize("count", [1, 2])
def test_made_up_maps_are_asked_for_in_the_last_places_only(photographs, count):
    batch = Batches(Photographs(photographs, "train", 64, margin=1), 4, 0.9, blockouts=count).draw(random.Random(0))
    assert torch.equal(batch.asked[:-count], batch.drawn[:-count])
    assert all(not torch.equal(asked, drawn) for asked, drawn in zip(batch.asked[-count:], batch.drawn[-count:]))
    assert (batch.height[-count:, 0, 0] > 0.95).all() and (batch.height[-count:, 0, -1] < -0.95).all()


def test_made_up_maps_are_parts_of_larger_views_too(photographs):
    batches = Batches(Photographs(photographs, "train", 64, margin=2), 4, 0.9, blockouts=4)
    seen = np.concatenate([batches.cut(random.Random(k)).rows for k in range(20)])
    shown = (seen[:, 0] - seen[:, -1]) * 64 / 63 / 2  # the share of its view's height that each square shows
    assert (np.abs(seen) < 1).all() and shown.min() < 0.6 and shown.max() > 0.9


def test_a_share_of_large_photographs_is_kept(photographs):
    pairs = Photographs(photographs, "train", 32, margin=2.5)
    assert Batches(pairs, 4, 0.9, large=0.5)._cumulative == Batches(pairs, 4, 0.9)._cumulative  # all are
    pairs.pairs[1:] = [(image.resize((40, 40)), ids.resize((40, 40))) for image, ids in pairs.pairs[1:]]
    sizes = [image.width for image, _ in random.Random(0).choices(pairs.pairs, cum_weights=Batches(pairs, 4, 0.9, large=0.5)._cumulative, k=400)]
    assert 0.4 < np.mean(np.array(sizes) > 40) < 0.6


def test_a_share_of_batches_shows_large_photographs_whole(photographs):
    pairs = Photographs(photographs, "train", 32, margin=2.5)
    pairs.pairs = [(image.resize((40, 40)), ids.resize((40, 40))) for image, ids in pairs.pairs]
    pairs.pairs[0] = Image.new("RGB", (80, 80), (7, 7, 7)), Image.new("L", (80, 80), 1)
    batches = Batches(pairs, 4, 0.9, blockouts=1, whole=0.5)
    cuts = [batches.cut(random.Random(k)) for k in range(40)]
    whole = [c for c in cuts if c.truth.shape == (2, 64, 64)]
    assert 10 < len(whole) < 30 and all(c.truth.shape == (4, 32, 32) for c in cuts if c.truth.shape[0] != 2)
    assert all(c.blockouts.shape == (1, 64, 64) and c.image.shape == (2, 64, 64, 3) for c in whole)
    assert all((c.image == 7).all() for c in whole)
    assert Batches(Photographs(photographs, "train", 64, margin=1), 4, 0.9, whole=1.0).cut(random.Random(0)).truth.shape == (4, 64, 64)  # none are large


def test_so_many_made_up_maps_come_on_average(photographs):
    batches = Batches(Photographs(photographs, "train", 64), 4, 0.9, blockouts=1.5)
    counts = [len(batches.cut(random.Random(k)).blockouts) for k in range(40)]
    assert set(counts) == {1, 2} and 1.2 < np.mean(counts) < 1.8


def test_a_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(DataError, match="manifest.csv"):
        Photographs(tmp_path, "train", 64)


def test_batches_are_decided_by_their_random_state(photographs):
    batches = Batches(Photographs(photographs, "train", 64), 4, 0.65)
    one, two, other = (batches.draw(random.Random(seed)) for seed in (1, 1, 2))
    assert torch.equal(one.image, two.image) and torch.equal(one.drawn, two.drawn)
    assert not torch.equal(one.image, other.image)
    assert one.image.shape == (4, 3, 64, 64) and one.style_image.shape == (4, 3, 128, 128)
    assert (one.height[:, 0, 0, 0] > one.height[:, 0, -1, 0]).all()


def test_of_large_photographs_crops_come_at_their_own_resolution(photographs, monkeypatch):
    sides, plain = [], data.cut

    def cut(image, ids, box, size):
        if size == 32:  # not the style's
            sides.append(box[2] - box[0])
        return plain(image, ids, box, size)

    monkeypatch.setattr(data, "cut", cut)
    for margin, least, most in ((1.0, 28, 32), (2.5, 32, 80)):  # of 80 px, kept at 32 and as they are
        sides.clear()
        Batches(Photographs(photographs, "train", 32, margin=margin), 32, 0.9).draw(random.Random(0))
        assert least <= min(sides) < least + 5 and most - 8 < max(sides) <= most


def test_detail_learns_on_composition_s_pictures_of_the_sizes_that_it_enlarges():
    plans = [canvas.plan(2 * side, 2 * side) for side in PAINTED_SIZES]
    assert [(plan.steps, plan.grid_height) for plan in plans] == [(1, side) for side in PAINTED_SIZES]


def test_merging_only_ever_broadens():
    rng = random.Random(0)
    for _ in range(50):
        table = merge(rng)
        assert table[label_set.find("sky").id] == label_set.find("sky").id
        assert table[label_set.find("cloud").id] in (label_set.find("cloud").id, label_set.find("sky").id)


def test_water_s_colours_alone_are_held_to_their_places():
    grey, light = torch.zeros(1, 3, 32, 32), torch.ones(1, 3, 32, 32)
    told = [CompositionTeacher._tone(light, grey, one_hot(torch.full((1, 32, 32), label_set.BY_NAME[name].id))) for name in ("lake", "grass")]
    assert told == [1, 0]


def test_unlabelled_pixels_teach_nothing():
    logits = torch.randn(1, 24, 4, 4, generator=torch.Generator().manual_seed(0))
    weights = torch.ones(24)
    assert losses.read_as(logits, torch.zeros(1, 8, 8, dtype=torch.long), weights) == 0
    assert losses.read_as(logits, torch.full((1, 8, 8), 5), weights) > 0


def test_statistics_see_the_look_and_not_the_place():
    areas = one_hot(torch.ones(1, 16, 16, dtype=torch.long))
    picture = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    moved = picture.roll(5, 3)
    assert losses.statistics([picture], areas, [moved], areas) < 1e-5
    assert losses.statistics([picture], areas, [picture + 1], areas) > 0.9
    assert losses.statistics([picture], areas, [picture * 2], areas) > 0.5


def test_paintings_are_to_be_as_finely_detailed_as_photographs_under_each_label():
    """A flat painting and an overdone one are told from one like the photographs, whose places differ; a label unknown so far counts nothing."""
    sea, sand = torch.full((1, 16, 16), 12), torch.full((1, 16, 16), 9)
    dice = torch.Generator().manual_seed(0)
    rough, smooth = (0.06 * strength * torch.randn(1, 3, 16, 16, generator=dice) for strength in (4, 1))
    usual = losses.UsualDetail()
    real = torch.cat([rough, smooth]), one_hot(torch.cat([sea, sand]))
    assert usual(rough.flip(3), one_hot(sea), *real) < 0.02
    assert usual(smooth.roll(5, 2), one_hot(sand), *real) < 0.02
    assert usual(smooth, one_hot(sea), *real) > 1 < usual(rough, one_hot(sand), *real)
    assert usual(rough, one_hot(torch.full((1, 16, 16), 3)), *real) == 0


def sights(dice):
    """A picture whose quarters differ, as its pixels do, and the same turned over, (2, 3, 64, 64)."""
    broad = F.interpolate(0.2 * torch.randn(1, 3, 2, 2, generator=dice), scale_factor=32)
    picture = broad + 0.2 * torch.randn(1, 3, 64, 64, generator=dice)
    return torch.cat([picture, picture.flip(3)])


def test_paintings_are_pushed_to_the_usual_look_on_average_alone():
    """Flat paintings are pushed to more contrast; a flat one and an overdone one, as usual on average, by nearly nothing; grey ones to colour."""
    dice = torch.Generator().manual_seed(0)
    sea = one_hot(torch.full((2, 64, 64), 12))
    photographs = sights(dice)

    def pushed(paintings, along):
        """How the push answers when the paintings move along what they are given, and by what share they are off."""
        usual = losses.UsualLook()
        paintings, mixed = paintings.requires_grad_(True), torch.tensor([False, False])
        off, of_mixed = usual.see(paintings, sea, mixed, photographs, sea)
        usual(paintings, sea, mixed).backward()
        assert of_mixed == 0
        return float((paintings.grad * along).sum()), float(off)

    def gradient(*strengths):
        paintings = photographs.flip(3) * torch.tensor(strengths)[:, None, None, None]
        return pushed(paintings, paintings.clone())

    assert gradient(0.5, 0.5)[0] < -0.1 and gradient(1.5, 1.5)[0] > 0.1
    assert abs(gradient(0.5, 1.5)[0]) < 0.02
    assert gradient(0.5, 0.5)[1] == pytest.approx(0.5, abs=0.05) and gradient(1.0, 1.0)[1] < 0.05
    grey = photographs.mean(1, keepdim=True).expand_as(photographs)
    colour = photographs - grey
    assert pushed(grey + 0.3 * colour, colour)[0] < -0.1


def test_plain_and_mixed_styles_are_pushed_apart():
    """Plain styles that paint flat and mixed ones that overdo it are as usual on average, and still each is pushed its own way."""
    dice = torch.Generator().manual_seed(0)
    sea, mixed = one_hot(torch.full((2, 64, 64), 12)), torch.tensor([False, True])
    photographs = sights(dice)
    paintings = (photographs.flip(3) * torch.tensor([0.5, 1.5])[:, None, None, None]).requires_grad_(True)
    usual = losses.UsualLook()
    assert [float(off) for off in usual.see(paintings, sea, mixed, photographs, sea)] == pytest.approx([0.5, 0.5], abs=0.1)
    usual(paintings, sea, mixed).backward()
    plain, of_mixed = (paintings.grad * paintings.detach()).sum((1, 2, 3)).tolist()
    assert plain < -0.05 and of_mixed > 0.05


def test_narrow_contrast_does_not_stand_in_for_broad():
    """Paintings as contrasted as photographs, but within cells alone, are pushed to less of that and to more between the cells."""
    dice = torch.Generator().manual_seed(0)
    sea, mixed = one_hot(torch.full((2, 64, 64), 12)), torch.tensor([False, False])
    photographs = sights(dice)
    cells = F.interpolate(F.avg_pool2d(photographs, 32), scale_factor=32)
    broad, narrow = 0.5 * cells.flip(3), 1.4 * (photographs - cells).flip(3)
    paintings = (broad + narrow).requires_grad_(True)
    usual = losses.UsualLook()
    usual.see(paintings, sea, mixed, photographs, sea)
    usual(paintings, sea, mixed).backward()
    assert (paintings.grad * broad).sum() < -0.05 and (paintings.grad * narrow).sum() > 0.05


def test_of_a_state_with_other_numbers_of_looks_nothing_is_known():
    """Shares without their looks would tell that nothing has any contrast."""
    former, usual = losses.Usual(2, 0.5), losses.Usual(3, 0.5)
    former.see(torch.ones(1, 23, 2), torch.ones(1, 23))
    checkpoint.load_matching(usual, former.state_dict())
    assert former.known().all() and not usual.known().any()


def test_softened_pictures_keep_so_much_less_of_their_finest_detail():
    picture = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    nothing, all_of_it = losses.softened(picture, torch.tensor([0.0, 1.0])[:, None, None, None]).split(1)
    assert torch.equal(nothing, picture[:1])
    middle = torch.nn.functional.avg_pool2d(picture[1:], 3, 1)
    assert torch.allclose(all_of_it[:, :, 1:-1, 1:-1], middle, atol=1e-6)


def test_rare_labels_weigh_more():
    frequency = torch.full((23,), 1 / 23)
    frequency[4], frequency[1] = 0.0001, 0.3
    weights = losses.class_weights(frequency)
    assert weights[4] > weights[2] > weights[1] and weights[23] == 1


def test_the_rate_warms_up_and_falls():
    run = replace(config.load("composition128"), decay_from=0.5, warm_up=10)
    assert rate_factor(run, 0, 0) < 0.2 < rate_factor(run, 9, 0.08) == 1
    assert rate_factor(run, 100, 0.75) < 1 and abs(rate_factor(run, 124, 1.0) - 0.1) < 1e-6


def test_the_average_s_half_life_is_counted_in_images():
    run = replace(config.load("composition128"), half_life=10_000)
    assert abs(average_decay(run, 8) ** (10_000 // 8) - 0.5) < 1e-6


class Steep(torch.nn.Module):
    """Answers by how much pixels and the first channel at stride 8 are, the one a hundred times, the other three times."""

    def forward(self, image, features, labels):
        return torch.zeros(len(image), 24, 8, 8), [3 * features[2][:, :1] + 100 * image.mean(), 3 * features[2][:, :1]]


def test_steepness_is_of_coarse_features_alone_and_of_any_picture_s_size():
    for size in (64, 128):
        features = [torch.randn(2, 4, size // stride, size // stride) for stride in (2, 4, 8)]
        assert losses.steepness(Steep(), torch.randn(2, 3, size, size), features, torch.zeros(2, 23, 4, 4)) == pytest.approx(9, rel=1e-4)


def test_looking_ahead_goes_back_half_the_way(photographs, tmp_path):
    loop = Loop(replace(config.load("composition128"), batch=2, look_ahead=2), photographs, tmp_path, "cpu")
    parameters = [p for network in loop.teacher.learners.values() for p in network.parameters()]
    before = [p.detach().clone() for p in parameters]
    for loop.step in (0, 1, 2):
        loop._look_ahead()
        torch._foreach_add_([p.data for p in parameters], 1.0)
    assert all(torch.allclose(now, was + 2, atol=1e-5) for now, was in zip(parameters, before))  # 2 of 2, back to 1, and 1 more


def test_a_stopped_run_goes_on_and_both_stages_learn(photographs, tmp_path):
    run = replace(config.load("composition128"), batch=4, images=12, warm_up=1, usual=1.0)
    loop = Loop(replace(run, images=8), photographs, tmp_path / "composition", "cpu")
    before = {k: v.clone() for k, v in loop.teacher.learners["composition"].state_dict().items()}
    loop.train()
    assert loop.seen == 8
    after = loop.teacher.learners["composition"].state_dict()
    assert sum(not torch.equal(before[k], after[k]) for k in before) > len(before) / 2

    again = Loop(run, photographs, tmp_path / "composition", "cpu")
    again.resume()
    assert again.seen == 8 and again.step == 2
    remembered = loop.teacher.extras()
    assert all(torch.equal(value, remembered[name]) for name, value in again.teacher.extras().items())
    assert remembered["lecam.means"].abs().sum() > 0 < remembered["usual.photographs.sums"].sum()
    assert all(torch.equal(v, after[k]) for k, v in again.teacher.learners["composition"].state_dict().items())
    again.train()
    assert again.seen == 12
    sheets = sorted((tmp_path / "composition" / "sheets").glob("*.png"))
    with Image.open(sheets[1]) as sheet:  # four held-out photographs in four rows, six scenes of 3 : 2 in two
        assert len(sheets) == 2 and sheet.size == (6 * 192, 6 * 128)
        cells = np.asarray(sheet)
        assert (cells[: 4 * 128, 4 * 128 :] == 0).all() and cells[5 * 128 :, 5 * 192 :].std() > 1

    grown = Loop(replace(run, size=256), photographs, tmp_path / "grown", "cpu")
    grown.resume(again.path)
    grown.save()
    smaller = again.averaged["composition"].state_dict()
    assert all(torch.equal(v, smaller[k]) for k, v in grown.averaged["composition"].state_dict().items() if k in smaller)

    detail = Loop(replace(config.load("detail"), batch=2, images=4), photographs, tmp_path / "detail", "cpu", composition=again.path)
    weights = detail.teacher.learners["detail"].rgb.weight.clone()
    detail.train()
    assert not torch.equal(weights, detail.teacher.learners["detail"].rgb.weight)
    sides = {(picture.shape[2], maps.shape[1] // 2) for picture, maps, _ in detail.teacher.pool}
    assert sides and sides <= {(side, side) for side in PAINTED_SIZES}

    export_checkpoints(grown.path, detail.path, tmp_path / "weights")
    onwards = Loop(replace(run, size=256), photographs, tmp_path / "onwards", "cpu")
    onwards.resume(tmp_path / "weights")
    for name in ("composition", "encoder", "discriminator", "pixel_head"):
        kept = grown.averaged.get(name, grown.teacher.learners[name]).state_dict()
        assert all(torch.allclose(v, kept[k], atol=2e-3, rtol=2e-3) for k, v in onwards.teacher.learners[name].state_dict().items())


def test_the_log_holds_one_json_line_each_time(photographs, tmp_path, monkeypatch):
    monkeypatch.setattr("synth_core.training.loop.LOG_EVERY", 1)
    loop = Loop(replace(config.load("composition128"), batch=2, images=4), photographs, tmp_path, "cpu")
    loop.train()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["seen"] for line in lines] == [2, 4] and all(line["d_pixel"] > 0 for line in lines)


def test_holes_of_a_map_take_the_nearest_label_of_their_column():
    ids = np.array([[1, 0, 0], [0, 0, 0], [0, 12, 0], [9, 0, 0]], np.uint8)
    assert split.fill(ids).tolist() == [[1, 12, 1], [1, 12, 1], [9, 12, 1], [9, 12, 1]]


def state(value: float, seen: int, shape=(2, 3)) -> dict:
    painter = {"composition": {"weight": torch.full(shape, value)}}
    return {"run": {"stage": "composition"}, "seen": seen, "averaged": painter, "optimisers": {},
            "learners": {"composition": {}, "discriminator": {"weight": torch.full((1,), value)}}}  # fmt: skip


def test_the_mean_of_states_has_the_last_one_s_judges(tmp_path):
    for number, value in enumerate((1.0, 2.0, 6.0)):
        torch.save(state(value, number), tmp_path / f"{number}.pt")
    assert main(["average", *(str(tmp_path / f"{number}.pt") for number in range(3)), "--out", str(tmp_path / "mean.pt")]) == 0
    mean = checkpoint.read(tmp_path / "mean.pt", "composition")
    assert mean["averaged"]["composition"]["weight"].tolist() == mean["learners"]["composition"]["weight"].tolist() == [[3.0] * 3] * 2
    assert mean["seen"] == 2 and mean["learners"]["discriminator"]["weight"] == 6 and "optimisers" not in mean


def test_states_of_different_networks_have_no_mean(tmp_path, capsys):
    torch.save(state(1.0, 4), tmp_path / "one.pt")
    torch.save(state(1.0, 4, (2, 4)), tmp_path / "other.pt")
    assert main(["average", str(tmp_path / "one.pt"), str(tmp_path / "other.pt"), "--out", str(tmp_path / "mean.pt")]) == 2
    assert "one.pt holds another composition than" in capsys.readouterr().err and not (tmp_path / "mean.pt").exists()


def test_a_start_that_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "bad.pt").write_bytes(b"PK no")
    for path in (tmp_path, tmp_path / "bad.pt", tmp_path / "absent.pt"):
        with pytest.raises(config.ConfigError):
            checkpoint.read(path, "composition")


def test_the_command_line_trains_and_explains(photographs, tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["train", str(photographs), "--out", out, "--run", "composition128", "--images", "8"]) == 0
    assert (tmp_path / "run" / "checkpoint.pt").is_file()
    assert main(["train", str(tmp_path), "--out", out]) == 2 and "manifest.csv" in capsys.readouterr().err
    assert main(["train", str(photographs), "--out", out, "--run", "fresco"]) == 2 and "composition128" in capsys.readouterr().err


def test_the_clock_may_end_a_run(photographs, tmp_path):
    run = replace(config.load("composition128"), minutes=10.0, images=1000)
    loop = Loop(run, photographs, tmp_path, "cpu")
    loop.seen, loop.minutes = 300, 9.0
    assert loop.progress == 0.9
    loop.minutes = 10.0
    loop.train()
    assert loop.seen == 300


def test_batches_cut_ahead_are_those_of_their_steps(photographs):
    batches = Batches(Photographs(photographs, "train", 64), 2, 0.65)
    ahead = feed(batches, "7", 3, 2)
    for number in (3, 4, 5):
        cuts, wanted = next(ahead), batches.cut(random.Random(f"7 {number}"))
        assert all(np.array_equal(part, vars(wanted)[name]) for name, part in vars(cuts).items())


def test_later_starts_come_over_earlier_ones(photographs, tmp_path):
    run = replace(config.load("composition128"), batch=2)
    small, large = (Loop(replace(run, size=size, seed=size), photographs, tmp_path / str(size), "cpu") for size in (128, 256))
    for loop in (small, large):
        loop.save()
    grown = Loop(replace(run, size=256), photographs, tmp_path / "grown", "cpu")
    grown.resume(large.path, small.path)
    for networks in (grown.averaged, grown.teacher.learners):
        for name, tensor in networks["composition"].state_dict().items():
            first = small if name in small.averaged["composition"].state_dict() else large
            assert torch.equal(tensor, first.averaged["composition"].state_dict()[name])


@pytest.mark.parametrize("stage", ["composition", "detail"])
def test_a_step_in_bfloat16_agrees_with_one_in_float32(photographs, tmp_path, stage):
    started = Loop(replace(config.load("composition128"), batch=2), photographs, tmp_path / "start", "cpu")
    started.save()
    run = replace(config.load(stage if stage == "detail" else "composition128"), batch=4, wrap=0.0)
    told = []
    for low in (False, True):
        loop = Loop(run, photographs, tmp_path / f"{low}", "cpu", composition=started.path)
        random.seed(1)
        torch.manual_seed(1)
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            for _ in range(2):
                losses = loop.teacher.step(loop.batches.draw(random.Random(0)))
                told.append({name: float(value.detach()) for name, value in losses.items()})
        assert all(p.isfinite().all() for network in loop.teacher.learners.values() for p in network.parameters())
    assert all(np.isfinite(list(losses.values())).all() for losses in told)
    assert {"r1"} <= told[2].keys()
    for name, wanted in told[0].items():
        assert told[2][name] == pytest.approx(wanted, rel=0.1, abs=0.02), name


@pytest.mark.parametrize("stage", ["composition", "detail"])
@pytest.mark.filterwarnings("ignore:for .* copying from a non-meta parameter")
def test_a_step_reads_no_number_off_its_device(photographs, tmp_path, monkeypatch, stage):
    """On the meta device, which has no numbers, whatever would wait for a graphics card raises, and so does a tensor left on the processor."""
    started = Loop(replace(config.load("composition128"), batch=2), photographs, tmp_path / "start", "cpu")
    started.save()
    read = checkpoint.read
    monkeypatch.setattr(checkpoint, "read", lambda path, stage, device: read(path, stage))
    run = replace(config.load("detail" if stage == "detail" else "composition128"), batch=4, blockouts=1.0)
    loop = Loop(run, photographs, tmp_path / "run", "meta", composition=started.path)
    for wrap in (0.0, 1.0):
        loop.teacher.run = replace(run, wrap=wrap)
        told = loop.teacher.step(loop.batches.cut(random.Random(0)).to("meta"))
        loop._average(4)
        assert {value.device.type for value in told.values()} == {"meta"}
