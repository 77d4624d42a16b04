"""Is Rex calm with children? Two lines of evidence are revised, and one weak fact could turn the answer.

Run `python examples/proof_everyday.py [PAGE.html]`; it writes proof_everyday.html to the current folder by default.
"""

import sys

from hybridattn import FactMemory
from hybridattn.view import explained, page, write_text

# Who or what is what, how often that held, and how settled it is.
FACTS = [
    ("rex", "is_a", "young_retriever", 1.0, 0.95),
    ("young_retriever", "is_a", "playful_dog", 0.9, 0.9),
    ("playful_dog", "is_a", "calm_with_children", 0.45, 0.9),
    ("rex", "is_a", "trained_dog", 1.0, 0.9),
    ("trained_dog", "is_a", "calm_with_children", 0.75, 0.5),  # weak: c = .5 is one observation
    ("young_retriever", "is_a", "swimmer", 0.95, 0.9),
    ("playful_dog", "is_a", "noisy_animal", 0.7, 0.8),
    ("trained_dog", "is_a", "obedient_animal", 0.9, 0.85),
]


def main(path: str = "proof_everyday.html") -> None:
    answers = FactMemory.from_triples(FACTS).ask("<rex --> calm_with_children>?")
    report = answers.to_json()
    for answer, shown in zip(answers, report["answers"], strict=True):
        shown["explanation"] = explained(answer.derivation)
    write_text(path, page(report))
    print(f"{answers[0]}\nIt hangs most on {report['answers'][0]['explanation']['decisive']}. See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
