"""Why is a cheetah an animal? A proof over eight facts of WordNet as a page with its formula and what it hangs on.

Run `python examples/proof_wordnet.py [PAGE.html]`; it writes proof_wordnet.html to the current folder by default.
"""

import sys

from hybridattn import FactMemory
from hybridattn.view import explained, page, write_text


def main(path: str = "proof_wordnet.html") -> None:
    answers = FactMemory.load("wordnet").ask("<cheetah.n.01 --> animal.n.01>?")
    report = answers.to_json()
    for answer, shown in zip(answers, report["answers"], strict=True):
        shown["explanation"] = explained(answer.derivation)
    write_text(path, page(report))
    print(f"{answers[0]}\nf = {report['answers'][0]['explanation']['frequency']}\nSee {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
