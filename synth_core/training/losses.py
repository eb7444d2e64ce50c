"""What generator and discriminator are told: every loss as a function of tensors. No network, no optimiser, no file."""
from __future__ import annotations

import torch
import torch.nn.functional as F

from .. import labels as label_set
from ..models.encoder import pool_by_label
from ..models.layers import averaged_to, exactly
from . import parallel

STRIDE = 32  # of the judges' coarsest features, pixels
FINE = 0.06  # deviation of what photographs at 256 px lose when each pixel takes its neighbourhood's mean
KEPT = 0.999  # of what is usual, from one step to the next


def class_weights(frequency: torch.Tensor) -> torch.Tensor:
    """(23,) shares of pixels -> (24,) weights: inverse root of the frequency, mean 1 over pixels; *fake* weighs 1."""
    weights = frequency.clamp_min(3e-4).rsqrt()
    weights = weights / (weights * frequency).sum()
    return torch.cat([weights, weights.new_ones(1)])


def read_as(logits: torch.Tensor, maps: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Cross entropy of reading each pixel as its label; logits (N, 24, h, w), maps (N, H, W) ids; unlabelled pixels count nothing."""
    maps = F.interpolate(maps[:, None].float(), size=logits.shape[2:], mode="nearest")[:, 0].long()
    each = F.cross_entropy(logits.float(), maps, weight=weights, reduction="none")
    return (each * (maps != label_set.UNLABELLED)).mean()


def read_as_fake(logits: torch.Tensor) -> torch.Tensor:
    target = torch.full(logits.shape[:1] + logits.shape[2:], label_set.FAKE, device=logits.device)
    return F.cross_entropy(logits.float(), target)


def hinge(real: list[torch.Tensor], fake: list[torch.Tensor]) -> torch.Tensor:
    """The discriminator's hinge loss, mean over its heads."""
    return sum(F.relu(1 - r.float()).mean() + F.relu(1 + f.float()).mean() for r, f in zip(real, fake)) / len(real)


def realness(fake: list[torch.Tensor]) -> torch.Tensor:
    """The generator's side of the hinge loss."""
    return -sum(f.float().mean() for f in fake) / len(fake)


class LeCam:
    """Keeps the heads' answers near their slowly moving means, against memorising a small collection (LeCam 2104.03310)."""

    def __init__(self):
        self.real = self.fake = 0.0

    def __call__(self, real: list[torch.Tensor], fake: list[torch.Tensor]) -> torch.Tensor:
        r, f = (torch.stack([m.float().mean((1, 2, 3)) for m in maps]) for maps in (real, fake))
        now = parallel.average(torch.stack([r.detach().mean(), f.detach().mean()]))
        self.real = self.real + 0.01 * (now[0] - self.real)  # tensors: reading them as numbers would wait for a graphics card
        self.fake = self.fake + 0.01 * (now[1] - self.fake)
        return F.relu(r - self.fake).square().mean() + F.relu(self.real - f).square().mean()


def r1(head: torch.nn.Module, real: torch.Tensor) -> torch.Tensor:
    """Gradient penalty on photographs (Mescheder et al. 2018, 1801.04406): the mean square, over pixels, of how far one pixel moves all answers."""
    real = real.detach().requires_grad_(True)
    with exactly(real.device):
        (gradient,) = torch.autograd.grad(head(real).sum(), real, create_graph=True)
    return gradient.square().mean()


def steepness(discriminator: torch.nn.Module, image: torch.Tensor, features: list[torch.Tensor], areas: torch.Tensor) -> torch.Tensor:
    """Gradient penalty on photographs and paintings alike (R3GAN 2501.05441) over the backbone's features at strides 8, 16 and 32: the mean square of
    how far one cell's features move the answers that fall to it.

    Where the discriminator is steep the painter learns to push, not to paint. Over pixels and finer features it may be steep: what is sharp
    differs from what is soft by little. Arguments as for the discriminator, (N, ...) each.
    """
    image, fine = image.detach().float(), [level.detach().float() for level in features[:2]]
    coarse = [level.detach().float().requires_grad_(True) for level in features[2:]]
    with exactly(image.device):
        logits, heads = discriminator(image, fine + coarse, areas)
        photograph = logits[:, : label_set.FAKE].logsumexp(1) - logits[:, label_set.FAKE]
        answers = photograph.mean((1, 2)) + sum(head.mean((1, 2, 3)) for head in heads) / len(heads)
        gradients = torch.autograd.grad(answers.sum(), coarse, create_graph=True)
    return sum((gradient[0, 0].numel() * gradient.square().sum((1, 2, 3))).mean() for gradient in gradients)


def statistics(painted, painted_areas, style, style_areas) -> torch.Tensor:
    """How far the painting's look under each label is from the style photograph's, over the labels they share.

    `painted` and `style` are lists of maps, none larger than the one before (colour, its finest detail, then features at strides 2, 4, 8); areas are
    one-hot maps (N, 23, H, W).
    The look is the mean and deviation of each channel under the label. Many processes divide by their mean number of shared labels, so that
    their mean is what one process would find on all their pictures.
    """
    # shares are read at the coarsest size: means of means are the means
    shared = torch.stack([averaged_to(areas, painted[-1]).mean((2, 3)) > 0.01 for areas in (painted_areas, style_areas)]).all(0).float()
    shared[:, label_set.UNLABELLED] = 0
    count = parallel.average(shared.sum()).clamp_min(1)
    total = 0.0
    with exactly(shared.device):  # a deviation is a small difference of large numbers
        for p, s in zip(painted, style):
            painted_areas, style_areas = averaged_to(painted_areas, p), averaged_to(style_areas, s)
            pm, pd = pool_by_label(p.float(), painted_areas)
            with torch.no_grad():
                sm, sd = pool_by_label(s.float(), style_areas)
            total = total + (((pm - sm).abs().mean(2) + (pd - sd).abs().mean(2)) * shared).sum() / count
    return total / len(painted)


def finest_detail(images: torch.Tensor) -> torch.Tensor:
    """What images (N, 3, H, W) lose when each pixel takes its neighbourhood's mean, scaled to a variance of about 1 in photographs at 256 px.

    Its deviation under a label is how sharp the label looks there: the backbone's features are too coarse to ask for that.
    """
    return (images - F.avg_pool2d(F.pad(images, (1, 1, 1, 1), "replicate"), 3, 1)) / FINE


def softened(images: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Images (N, 3, H, W) without a share (N, 1, 1, 1) of their finest detail."""
    return images - share * FINE * finest_detail(images)


class UsualDetail:
    """Keeps how fine a label looks in paintings to what is usual in photographs, of which it keeps running means."""

    def __init__(self):
        self.deviations = self.shares = 0.0

    def __call__(self, painted: torch.Tensor, painted_areas: torch.Tensor, real: torch.Tensor, real_areas: torch.Tensor) -> torch.Tensor:
        """How far the deviation of the finest detail under each label of pictures (N, 3, H, W) is from photographs', (M, 3, H, W); areas are one-hot
        maps (N, 23, H, W) and (M, 23, H, W)."""
        with exactly(real.device):
            deviations, shares = _detail_by_label(real, real_areas)
            self.deviations = KEPT * self.deviations + (shares[..., None] * deviations).sum(0)
            self.shares = KEPT * self.shares + shares.sum(0)
            usual = parallel.average(self.deviations) / parallel.average(self.shares)[:, None].clamp_min(1e-6)
            deviations, shares = _detail_by_label(painted, painted_areas)
            known = ((shares > 0.01) & (self.shares > 0.01)).float()
            return ((deviations - usual).abs().mean(2) * known).sum() / parallel.average(known.sum()).clamp_min(1)


def _detail_by_label(images, areas):
    """Deviation of the finest detail under each label, (N, 23, 3), and the labels' shares of the pictures, (N, 23), none for no label."""
    shares = areas.mean((2, 3))
    shares[:, label_set.UNLABELLED] = 0
    return pool_by_label(finest_detail(images.float()), areas)[1], shares


def window(size: int) -> tuple[slice, slice]:
    """Rows and columns of a window somewhere in a square of `size` pixels: what the judges are shown of photographs and paintings.

    It is smaller by their coarsest stride, so their grids lie elsewhere each time and can leave no pattern of their own in the paintings
    (translation, DiffAugment 2006.10738).
    """
    side = size - STRIDE
    top, left = (int(torch.randint(STRIDE + 1, ())) for _ in range(2))
    return slice(top, top + side), slice(left, left + side)


def jitter(images: list[torch.Tensor]) -> list[torch.Tensor]:
    """One random change of brightness, saturation and contrast, each with even chance, for all images (N, 3, H, W) alike.

    Shared by photographs and paintings, so that their features can be compared. True colours stay common (DiffAugment 2006.10738).
    """
    draw = torch.rand(6).tolist()
    brightness = (draw[0] - 0.5) * 0.4 if draw[3] < 0.5 else 0.0
    saturation = 0.6 + 0.8 * draw[1] if draw[4] < 0.5 else 1.0
    contrast = 0.7 + 0.6 * draw[2] if draw[5] < 0.5 else 1.0
    changed = []
    for x in images:
        x = x + brightness
        grey = x.mean(1, keepdim=True)
        x = (x - grey) * saturation + grey
        mean = x.mean((1, 2, 3), keepdim=True)
        changed.append((x - mean) * contrast + mean)
    return changed
