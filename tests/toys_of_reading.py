"""Small made-up stories, and a memory network written out for one story at a time."""

import random
from typing import NamedTuple

import torch

PEOPLE, PLACES, THINGS = ("Ann", "Bob", "Cid"), ("hall", "attic", "cave", "yard"), ("cup", "hat")


class Toy(NamedTuple):
    sentences: tuple[str, ...]
    question: str
    answer: str
    support: tuple[int, ...] = ()


def one_fact(count: int, seed: int) -> list[Toy]:
    """Where somebody is: the last place that she went to."""
    chance = random.Random(seed)
    toys = []
    for _ in range(count):
        walks = [(chance.choice(PEOPLE), chance.choice(PLACES)) for _ in range(chance.randint(2, 5))]
        who = chance.choice(walks)[0]
        last = max(place for place, (person, _) in enumerate(walks) if person == who)
        told = tuple(f"{person} went to the {place}." for person, place in walks)
        toys.append(Toy(told, f"Where is {who}?", walks[last][1], (last,)))
    return toys


def two_facts(count: int, seed: int) -> list[Toy]:
    """Where a thing is: with whom it is, and where she is; everybody goes once and has one thing at most."""
    chance = random.Random(seed)
    toys = []
    for _ in range(count):
        people = chance.sample(PEOPLE, 2)
        told = [f"{person} went to the {chance.choice(PLACES)}." for person in people]
        told += [f"{person} took the {thing}." for person, thing in zip(people, chance.sample(THINGS, 2), strict=True)]
        chance.shuffle(told)
        thing = chance.choice(THINGS)
        has = next(place for place, text in enumerate(told) if f"took the {thing}" in text)
        went = next(place for place, text in enumerate(told) if text.startswith(f"{told[has].split()[0]} went"))
        answer = told[went].rstrip(".").split()[-1]
        toys.append(Toy(tuple(told), f"Where is the {thing}?", answer, (has, went)))
    return toys


def alone(reader, toy, *, linear=False):
    """Answer one question from the weights of a reader, by loops: the logits, and the shares of each hop."""
    parts, shared = reader.parts, reader.shared
    numbers = {word: number for number, word in enumerate(reader.vocabulary.words, 1)}

    def code(text, kind):
        words = text.lower().rstrip(".? ").split()
        total = torch.zeros(parts.dim, dtype=reader.labels.dtype)
        for j, word in enumerate(words, 1):
            if word not in numbers:
                continue
            row = reader.words[numbers[word]].view(shared.embeddings, parts.dim)[kind]
            k = torch.arange(1, parts.dim + 1) / parts.dim
            total = total + row * ((1 - j / len(words)) - k * (1 - 2 * j / len(words)))
        return total

    def age(t):
        t = min(t, parts.span - 1)
        return torch.tensor([1.0, t / 10]), torch.exp(-torch.tensor([t, t / 3, t / 10]))

    def features(t):
        return torch.cat(age(t)).to(reader.labels.dtype)

    def apart(t, s):
        older = features(abs(t - s))
        none = torch.zeros(5, dtype=older.dtype)
        sides = (older, none) if t > s else (none, older) if t < s else (none, none)
        return torch.cat([*sides, torch.tensor([float(t == s)], dtype=older.dtype)])

    told = list(reversed(toy.sentences))
    u = code(toy.question, shared.question)
    before, shares = None, []
    for hop in range(parts.hops):
        key, value = shared.keys[hop], shared.values[hop]
        scores = []
        for t, text in enumerate(told):
            score = u @ (code(text, key) + features(t) @ reader.times[key])
            if before is not None:
                relative = reader.links[shared.links[hop - 1]].relative
                if relative is not None:
                    score = score + sum(p * (apart(t, s) @ relative @ u) for s, p in enumerate(before))
            scores.append(score)
        scores = torch.stack(scores)
        before = scores if linear else torch.exp(scores) / torch.exp(scores).sum()
        shares.append(before)
        read = sum(
            p * (code(x, value) + features(t) @ reader.times[value])
            for t, (p, x) in enumerate(zip(before, told, strict=True))
        )
        u = reader.links[shared.links[hop]].link(u[None], read[None])[0]
    return reader.labels @ u + reader.bias, shares
