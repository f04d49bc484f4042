"""Where the time of a training step goes, layer by layer and phase by phase: ``python benchmarks/stages.py``.

The reference network is trained for some epochs, until about as many numbers live as in any training of it. Then
`Model.profile` runs on one thread, on two, and so on, round by round in turn; of each the quietest round counts. A
table and a picture are written into docs, one of each for a maker of processors.
"""

from __future__ import annotations

import argparse
import os
import platform
import textwrap
from pathlib import Path

import processor

import fashioncnn
from fashioncnn import Input, Model, Sequential, _core, layers, utils
from fashioncnn.datasets import fashion_mnist
from fashioncnn.models.profile import Profile
from fashioncnn.pictures.stages import stages

DOCS = Path(__file__).parent.parent / "docs"
EPOCHS, BATCH_SIZE, STEPS = 30, 32, 10  # few steps: disturbances come and go
MAKERS = {"GenuineIntel": "intel", "AuthenticAMD": "amd"}


def names() -> tuple[str, str]:
    """The maker's name, for files, and the processor's."""
    said = processor.described()
    maker = MAKERS.get(said.get("vendor_id", ""), platform.machine())
    return maker, said.get("model name") or platform.processor() or maker


def trained() -> tuple[Model, tuple[object, object]]:
    """The reference network, and the data for it."""
    (x, y), _ = fashion_mnist.load_sample()
    x = (x / 255).astype("float32")[..., None]
    utils.set_random_seed(1)
    model = Sequential([
        Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu", name="conv1"),
        layers.MaxPooling2D(name="pool1"),
        layers.Conv2D(64, 3, activation="relu", name="conv2"),
        layers.MaxPooling2D(name="pool2"),
        layers.Flatten(),
        layers.Dense(128, activation="relu", name="dense1"),
        layers.Dense(10, activation="softmax", name="dense2"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=0)
    return model, (x, y)


def quietest(model: Model, data: tuple[object, object], threads: list[int], rounds: int) -> dict[int, Profile]:
    """For each number of threads the profile that took the least time."""
    best: dict[int, Profile] = {}
    for _ in range(rounds):
        for count in threads:
            fashioncnn.set_num_threads(count)
            profile = model.profile(*data, batch_size=BATCH_SIZE, steps=STEPS)
            if count not in best or profile.us < best[count].us:
                best[count] = profile
    return best


def table(profiles: dict[int, Profile]) -> list[str]:
    """Lines of Markdown: times of all threads together, so that they can be compared."""
    found = {count: {(row.layer, row.phase): row for row in profile.rows} for count, profile in profiles.items()}
    first = next(iter(profiles))
    heads = [f"{count} {'thread' if count == 1 else 'threads'}" for count in profiles]
    waits = [f"waiting, {head}" for head, count in zip(heads, profiles, strict=True) if count > 1]
    lines = [f"| layer | phase | {' | '.join(heads + waits)} | % of peak | KB |",
             f"|---|---|{'---:|' * (len(heads) + len(waits) + 2)}"]  # fmt: skip
    for key in dict.fromkeys(key for rows in found.values() for key in rows):
        times = [number(found[count][key].us * count if key in found[count] else 0.0) for count in profiles]
        times += [number(found[count][key].waiting * count if key in found[count] else 0.0)
                  for count in profiles if count > 1]  # fmt: skip
        if not any(times):
            continue
        row = found[first].get(key)
        percent = "" if row is None or row.percent_of_peak is None else f"{row.percent_of_peak:.0f}"
        lines.append(f"| {' | '.join([*key, *times, percent, f'{row.bytes / 1000:.1f}' if row else ''])} |")
    sums = [number(sum(row.us for row in profile.rows) * count) for count, profile in profiles.items()]
    sums += [number(profile.waiting * count) for count, profile in profiles.items() if count > 1]
    return [*lines, f"| all | | {' | '.join(sums)} | | |"]


def number(us: float) -> str:
    return f"{us:.2f}" if us >= 0.005 else ""


def document(maker: str, name: str, profiles: dict[int, Profile]) -> str:
    peak = max(profile.peak for profile in profiles.values())
    wholes = " and ".join(f"{profile.us:.1f} us on {count} {'thread' if count == 1 else 'threads'}"
                          for count, profile in profiles.items())  # fmt: skip
    text = (
        f"The reference network, batch {BATCH_SIZE}, {_core.instruction_set()}; microseconds an image, of all threads "
        f"together. A step takes {wholes} an image. A thread can do {peak:.0f} billion multiply-adds a second at best. "
        "Percent of that are on one thread, of the multiply-adds that the layers' definitions have: more than 100 "
        "where work is avoided. KB are of an image, by the shapes of what is read and written. Written by "
        "`make bench-stages`."
    )
    return "\n".join([
        f"# Stages of a training step: {name}",
        "",
        textwrap.fill(text, 120),
        "",
        f"![Bars of layers and phases](stages-{maker}.png)",
        "",
        *table(profiles),
        "",
    ])  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    maker, name = names()
    parser.add_argument("--maker", default=maker, help="for the names of the files; else what the processor says")
    parser.add_argument("--name", default=name, help="the processor's; else what it says")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--threads", default="", help="numbers with commas; else 1, 2, 4, ... up to all cores")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    threads = [int(count) for count in options.threads.split(",") if count] or [
        1 << power for power in range(cores.bit_length()) if 1 << power <= cores]  # fmt: skip
    profiles = quietest(*trained(), threads, options.rounds)
    for profile in profiles.values():
        print(profile, end="\n\n")
    titles = {f"{options.name}, {count} {'thread' if count == 1 else 'threads'}": profile
              for count, profile in profiles.items()}  # fmt: skip
    stages(titles).save(options.output / f"stages-{options.maker}.png")
    path = options.output / f"stages-{options.maker}.md"
    path.write_text(document(options.maker, options.name, profiles), encoding="utf-8")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
