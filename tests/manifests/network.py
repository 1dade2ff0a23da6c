"""Who reaches whom under NetworkPolicies, as their documentation says: both ends must allow a connection.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from overlays import Object

HOME = "inkling"
Port = tuple[int, str]


@dataclass(frozen=True)
class Party:
    """One end of a connection: a pod, or what lies outside the cluster where it has no namespace."""

    name: str
    namespace: str | None
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    namespace_labels: Mapping[str, str] = field(default_factory=dict, hash=False)


def reached(policies: Iterable[Object], parties: Iterable[Party], ports: Iterable[Port]) -> set[tuple[str, str, Port]]:
    """Every connection that the policies of the namespace let through, as (from, to, port).

    Args:
        policies: Objects, of which the NetworkPolicies count; other namespaces are taken to be open.
        parties: Who there is. A party of the namespace reaches itself too: it stands for several replicas.
        ports: Numbers with their protocols.
    """
    policies = [item["spec"] for item in policies if item["kind"] == "NetworkPolicy"]
    parties, ports = list(parties), list(ports)
    return {
        (source.name, target.name, port)
        for source in parties
        for target in parties
        for port in ports
        if HOME in (source.namespace, target.namespace)
        and _lets(policies, "Egress", source, target, port)
        and _lets(policies, "Ingress", target, source, port)
    }


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches labels; an empty one matches all."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _matches(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def _matches(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise ValueError(f"no such operator: {expression['operator']}")


def _lets(policies: Iterable[Mapping[str, Any]], way: str, own: Party, other: Party, port: Port) -> bool:
    """Whether the policies of one end let the other through: one rule of one policy is enough, none at all is too."""
    if own.namespace != HOME:
        return True
    mine = [
        policy for policy in policies if way in policy["policyTypes"] and selects(policy["podSelector"], own.labels)
    ]
    peers = "from" if way == "Ingress" else "to"
    return not mine or any(
        _is_peer(rule.get(peers, []), other) and _has_port(rule.get("ports", []), port)
        for policy in mine
        for rule in policy.get(way.lower(), [])
    )


def _is_peer(peers: list[Mapping[str, Any]], other: Party) -> bool:
    if not peers:
        return True
    for peer in peers:
        assert peer.keys() <= {"podSelector", "namespaceSelector"}, f"not evaluated here: {peer}"
        if other.namespace is None:
            continue
        name = {"kubernetes.io/metadata.name": other.namespace}
        space = peer.get("namespaceSelector")
        there = other.namespace == HOME if space is None else selects(space, {**name, **other.namespace_labels})
        if there and selects(peer.get("podSelector", {}), other.labels):
            return True
    return False


def _has_port(ports: list[Mapping[str, Any]], port: Port) -> bool:
    return not ports or any((entry["port"], entry["protocol"]) == port for entry in ports)
