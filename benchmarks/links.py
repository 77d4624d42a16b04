"""Claims: UMLS and WN18RR by rules in under 2 and 20 minutes of CPU and 6 GB; aggregations compared on the same rules.

Give folders of data sets (train, valid or dev, test), or none for UMLS and WN18RR. The peers are the aggregations of
the literature: the maximum, the lexicographic maximum and noisy-or, over the same rules in the same process.
"""

import platform
import resource
import sys
import time

import torch
from measuring import unpacked

from hybridattn import Graded, LexicographicMaximum, LinkPredictor, Maximum, NoisyOr, Revised, TripleGraph
from hybridattn.knowledge.datasets.triples import read_splits
from hybridattn.knowledge.evaluation.links import evaluate_links

PARTS = (Graded(), Graded(decay=0.0), Maximum(), LexicographicMaximum(), NoisyOr(), Revised())


def main(folder: str) -> None:
    splits, began = read_splits(folder), time.process_time()
    graph = TripleGraph.of(splits.train, more=splits.valid + splits.test)
    predictor = LinkPredictor.learn(graph, generator=torch.Generator().manual_seed(0))
    print(f"{folder} on {platform.machine()}, {torch.get_num_threads()} threads")
    print(f"{predictor.rules} rules in {time.process_time() - began:.1f} s of CPU")
    for part in PARTS:
        began = time.process_time()
        valid = evaluate_links(predictor.with_aggregation(part), splits.valid, known=splits.test).all.mrr
        test = evaluate_links(predictor.with_aggregation(part), splits.test, known=splits.valid).all
        hits = ", ".join(f"hits@{most} {share:.3f}" for most, share in test.hits.items())
        print(
            f"{part!r:24} valid MRR {valid:.4f}, test MRR {test.mrr:.4f}, {hits}; {time.process_time() - began:.1f} s"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    for one in sys.argv[1:]:
        main(one)
    if not sys.argv[1:]:
        for archive, folder in (("kg-small.tar.xz", "kg-small/umls"), ("wn18rr.tar.xz", "wn18rr")):
            with unpacked(archive) as place:
                main(str(place / folder))
