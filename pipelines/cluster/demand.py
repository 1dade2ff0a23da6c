"""What a pipeline asks a cluster for at most at one time: the sums to set quotas by.

A task counts from its start to its end with everything that may run beside it: the heaviest set of tasks of which none
waits for another, and of a loop as many bodies as run at once. Drivers of KFP are not counted: each is smaller than the
task that it precedes, and has ended by then. Of the resources each has its own worst moment.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from inkling.pipelines.cluster.antichain import heaviest_antichain
from inkling.pipelines.cluster.pods import Amounts, shown

PodsOf = Callable[[Mapping[str, Any], bool], Amounts]
"""What the pods of a task count for: takes its executor, and whether it trains or is the no-pretraining baseline."""


def demand(spec: Mapping[str, Any], pods_of: PodsOf, parameters: Mapping[str, Any]) -> Amounts:
    """What a pipeline asks for at most at one time, by the names of a ResourceQuota.

    Args:
        spec: The pipeline spec of its IR.
        pods_of: What the pods of a task count for.
        parameters: What it is run with; a loop over one of these is as long as it.
    """

    def of_component(name: str, inputs: Mapping[str, Any]) -> Amounts:
        component = spec["components"][name]
        if "dag" in component:
            return of_dag(component["dag"], inputs)
        executor = spec["deploymentSpec"]["executors"][component["executorLabel"]]
        return pods_of(executor, not inputs.get("no_pretraining")) if "container" in executor else {}

    def of_dag(dag: Mapping[str, Any], inputs: Mapping[str, Any]) -> Amounts:
        asked: dict[str, Amounts] = {}
        for name, task in dag["tasks"].items():
            own = _values(task, inputs)
            body = of_component(task["componentRef"]["name"], own)
            asked[name] = {resource: amount * _bodies(task, own) for resource, amount in body.items()}
        needs = {name: task.get("dependentTasks", ()) for name, task in dag["tasks"].items()}
        resources = dict.fromkeys(resource for amounts in asked.values() for resource in amounts)
        return {
            resource: heaviest_antichain(
                {name: amounts[resource] for name, amounts in asked.items() if resource in amounts}, needs
            )
            for resource in resources
        }

    return of_dag(spec["root"]["dag"], parameters)


def lines(amounts: Amounts) -> list[str]:
    """What `demand` found, a line a resource, for a person to compare with the quotas of a cluster."""
    return [f"at most at once: {name} {shown(name, amount)}" for name, amount in sorted(amounts.items()) if amount]


def _values(task: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a task that are known before the run."""
    known = {}
    for name, given in task.get("inputs", {}).get("parameters", {}).items():
        if "runtimeValue" in given:
            known[name] = given["runtimeValue"].get("constant")
        elif given.get("componentInputParameter") in inputs:
            known[name] = inputs[given["componentInputParameter"]]
    return known


def _bodies(task: Mapping[str, Any], inputs: Mapping[str, Any]) -> int:
    """How many bodies of a loop are under way at once; 1 of a task that is none."""
    if "parameterIterator" not in task:
        return 1
    items = task["parameterIterator"]["items"]
    length = len(json.loads(items["raw"]) if "raw" in items else inputs[items["inputParameter"]])
    return min(length, int(task.get("iteratorPolicy", {}).get("parallelismLimit", length)))
