"""Kinship learnt from stories of two and three facts answers a question ten facts away, and proves it.

Run `python examples/family.py [PROOF.html]`; it writes family.html to the current folder by default.
"""

import sys

from hybridattn import Composer, RuleMemory, Story, explained, page, replay, rule_text, write_text

# What is my father's brother to me? Path and answer; the last one composes by way of a rule that no other shows.
STORIES = """
father brother uncle; father father grandfather; mother son brother; sister brother brother; brother sister sister
daughter sister daughter; son sister daughter; daughter brother son; son daughter granddaughter; brother brother brother
father son brother; brother father father; sister father father; son son grandson; daughter daughter granddaughter
granddaughter sister granddaughter; husband son son; son brother son; grandson sister granddaughter; wife son son
father sister aunt; sister sister sister; father sister brother uncle
"""
CHAIN = ["husband", "son", "brother", "sister", "brother", "brother", "sister", "brother", "daughter", "sister"]
PEOPLE = ["Lea", "Max", "Tom", "Ben", "Ida", "Jon", "Kai", "Mia", "Leo", "Ann", "Kim"]


def main(path: str = "family.html") -> None:
    lines = [words.split() for words in STORIES.replace("\n", ";").split(";") if words.split()]
    examples = [(words[:-1], words[-1]) for words in lines for _ in range(9)]
    rules = RuleMemory(sorted({word for words in lines for word in words}))
    rules.learn(examples)
    print("What was learnt:", *rule_text(rules), sep="\n  ")

    facts = list(zip(PEOPLE, CHAIN, PEOPLE[1:], strict=False))
    [answer] = Composer(rules).answer([Story.of(facts[::-1], PEOPLE[0], PEOPLE[-1])])  # in any order
    assert answer.derivation is not None
    print(f"{PEOPLE[0]}'s {answer.relation} is {PEOPLE[-1]}:")
    for step in answer.derivation.steps:
        print(f"  {step.conclusion}")
    print(f"replayed: {replay(answer.derivation)}")
    report = answer.report()
    report["answers"][0]["explanation"] = explained(answer.derivation)
    write_text(path, page(report))
    print(f"See {path}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
