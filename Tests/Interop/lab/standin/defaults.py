"""What the API server itself fills in, drops and refuses when an object is written."""

import base64
import copy
import ipaddress
import random

from .errors import invalid
from .resources import Dialect, Json, Resource

CLUSTER_NETWORK = ipaddress.IPv4Network("10.43.0.0/16")
NODE_PORTS = range(30000, 32768)


class Defaults:
    """Defaulting and validation in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        """The defaults of `dialect`."""
        self.dialect = dialect

    def prepare(self, resource: Resource, new: Json, old: Json | None, services: list[Json]) -> Json:
        """`new` as the server stores it, before its metadata is set; `old` is the copy it replaces.

        `services` are all stored Services: their cluster addresses and node ports are taken. Raises ApiError 422.
        """
        match resource.kind:
            case "Service":
                others = [each for each in services if old is None or each["metadata"]["uid"] != old["metadata"]["uid"]]
                return self._service(resource, new, old, others)
            case "Namespace":
                new.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
                new.setdefault("status", {}).setdefault("phase", "Active")
            case "Node":
                new.setdefault("spec", {})
                new.setdefault("status", {})
            case "Secret":
                new.setdefault("type", "Opaque")
                for key, text in (new.pop("stringData", None) or {}).items():
                    new.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()
            case "Pod":
                new.setdefault("status", {}).setdefault("phase", "Pending")
            case "Deployment":
                self._deployment(new, old)
        return new

    def _deployment(self, new: Json, old: Json | None) -> None:
        """Fills in what kubectl shows of a Deployment."""
        spec = new.setdefault("spec", {})
        spec.setdefault("replicas", 1)
        for container in spec.get("template", {}).get("spec", {}).get("containers") or []:
            for port in container.get("ports") or []:
                port.setdefault("protocol", "TCP")
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
        spec.setdefault("strategy", strategy)
        changed = old is not None and old.get("spec") != spec
        generation = old["metadata"].get("generation", 1) if old else 1
        new["metadata"]["generation"] = generation + changed
        new.setdefault("status", {})

    def _service(self, resource: Resource, new: Json, old: Json | None, others: list[Json]) -> Json:
        """Fills in a Service's spec and drops what the dialect does not know."""
        name = new["metadata"].get("name", "")
        spec = new.setdefault("spec", {})
        spec.setdefault("type", "ClusterIP")
        spec.setdefault("sessionAffinity", "None")
        kind = spec["type"]
        if kind not in ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"):
            raise invalid(resource, name, "spec.type", f'Unsupported value: "{kind}"')
        headless = spec.get("clusterIP") == "None"
        if not spec.get("ports") and not headless and kind != "ExternalName":
            raise invalid(resource, name, "spec.ports", "Required value")

        self._cluster_address(spec, old, others)
        self._ports(spec, old, others)
        exposed = kind in ("NodePort", "LoadBalancer")
        if exposed:
            spec.setdefault("externalTrafficPolicy", "Cluster")
        else:
            spec.pop("externalTrafficPolicy", None)
            spec.pop("healthCheckNodePort", None)
        if self.dialect.has_load_balancer_class and kind == "LoadBalancer":
            spec.setdefault("allocateLoadBalancerNodePorts", True)
        else:
            spec.pop("allocateLoadBalancerNodePorts", None)
            spec.pop("loadBalancerClass", None)
        if self.dialect.has_ip_families and kind != "ExternalName":
            spec.setdefault("ipFamilies", ["IPv4"])
            spec.setdefault("ipFamilyPolicy", "SingleStack")
            spec.setdefault("internalTrafficPolicy", "Cluster")
        else:
            for key in ("ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"):
                spec.pop(key, None)
        self._status(resource, new)
        return new

    def _cluster_address(self, spec: Json, old: Json | None, others: list[Json]) -> None:
        """Gives a Service its cluster address, or leaves the one it has."""
        if spec["type"] == "ExternalName":
            return
        if not spec.get("clusterIP") and old is not None and old["spec"].get("clusterIP"):
            spec["clusterIP"] = old["spec"]["clusterIP"]
        if not spec.get("clusterIP"):
            taken = {each["spec"].get("clusterIP") for each in others}
            hosts = (str(CLUSTER_NETWORK[number]) for number in range(10, CLUSTER_NETWORK.num_addresses - 1))
            spec["clusterIP"] = next(address for address in hosts if address not in taken)
        spec["clusterIPs"] = [spec["clusterIP"], *(spec.get("clusterIPs") or [])[1:]]

    def _ports(self, spec: Json, old: Json | None, others: list[Json]) -> None:
        """Fills in protocol, target port and node port of each port."""
        taken = {port.get("nodePort") for each in others for port in each["spec"].get("ports") or []}
        before = {
            (port.get("protocol"), port["port"]): port.get("nodePort")
            for port in ((old or {}).get("spec", {}).get("ports") or [])
        }
        exposed = spec["type"] == "NodePort" or (
            spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)
        )
        for port in spec.get("ports") or []:
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port["port"])
            if spec["type"] not in ("NodePort", "LoadBalancer"):
                port.pop("nodePort", None)
            elif exposed and not port.get("nodePort"):
                kept = before.get((port["protocol"], port["port"]))
                free = [number for number in NODE_PORTS if number not in taken]
                port["nodePort"] = kept or random.choice(free)
            if "nodePort" in port:
                taken.add(port["nodePort"])

    def _status(self, resource: Resource, service: Json) -> None:
        """Checks and fills in status.loadBalancer."""
        load_balancer = service.setdefault("status", {}).setdefault("loadBalancer", {})
        for index, ingress in enumerate(load_balancer.get("ingress") or []):
            address = ingress.get("ip", "")
            try:
                if address:
                    ipaddress.ip_address(address)
            except ValueError as error:
                field = f"status.loadBalancer.ingress[{index}].ip"
                raise invalid(resource, service["metadata"]["name"], field, "must be a valid IP address") from error
            if not self.dialect.has_ip_mode:
                ingress.pop("ipMode", None)
            elif address:
                ingress.setdefault("ipMode", "VIP")


def with_subresource(resource: Resource, old: Json, new: Json, is_status: bool) -> Json:
    """`new` limited to what the request may change: status and metadata through /status, else all but the status."""
    if not resource.has_status:
        return new
    if is_status:
        return {**copy.deepcopy(old), "metadata": new["metadata"], "status": new.get("status", {})}
    result = {**new, "status": copy.deepcopy(old.get("status", {}))}
    if resource.kind == "Service" and new.get("spec", {}).get("type") != "LoadBalancer":
        result["status"] = {**result["status"], "loadBalancer": {}}
    return result
