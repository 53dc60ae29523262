"""Reads deploy/kubernetes as a whole and says what does not fit together: selectors without pods, mounts without
volumes, ports, secrets and paths that nothing provides, and pods that may more than the restricted profile. (TAP)

usage: manifests.py DIRECTORY VERSION     the directory with kustomization.yaml; the version of the programs
"""
import re
import sys
from pathlib import Path

import yaml

try:
    import kubernetes_validate
except ImportError:
    kubernetes_validate = None

directory, version = Path(sys.argv[1]), sys.argv[2]
kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text())
readme = (directory / "README.md").read_text()
documents = [
    document
    for name in kustomization["resources"]
    for document in yaml.safe_load_all((directory / name).read_text())
]
workloads = [d for d in documents if d["kind"] in ("StatefulSet", "Deployment")]
services = {d["metadata"]["name"]: d for d in documents if d["kind"] == "Service"}
policies = {d["metadata"]["name"]: d for d in documents if d["kind"] == "NetworkPolicy"}


def pod_of(workload):
    return workload["spec"]["template"]["spec"]


def labels_of(workload):
    return workload["spec"]["template"]["metadata"]["labels"]


def name_of(document):
    return f"{document['kind']} {document['metadata']['name']}"


def selected(labels):
    """The workloads whose pods have all these labels."""
    return [w for w in workloads if labels.items() <= labels_of(w).items()]


def port_number(workload, port):
    """A port by name or number, if a container of the workload has it."""
    for container in pod_of(workload)["containers"]:
        for own in container.get("ports", []):
            if port in (own["name"], own["containerPort"]):
                return own["containerPort"]
    return None


# Each check yields what is wrong.


def resources_are_listed():
    """every manifest is listed in kustomization.yaml"""
    there = {p.name for p in directory.glob("*.yaml")} - {"kustomization.yaml"}
    for name in there ^ set(kustomization["resources"]):
        yield f"{name} is only in one of the two"


def workloads_select_their_own_pods():
    """every workload selects its own pods, and no other's"""
    for workload in workloads:
        owners = selected(workload["spec"]["selector"]["matchLabels"])
        if owners != [workload]:
            yield f"{name_of(workload)} selects the pods of {[name_of(o) for o in owners]}"


def services_lead_to_ports():
    """every service leads to a port that a container listens on"""
    for service in services.values():
        for port in service["spec"]["ports"]:
            for workload in selected(service["spec"]["selector"]) or [None]:
                if workload is None or port_number(workload, port["targetPort"]) is None:
                    yield f"{name_of(service)}: nothing listens on {port['targetPort']}"


def stateful_sets_name_a_service():
    """every stateful set names a service, and is one pod, because one process writes the database"""
    for workload in workloads:
        if workload["kind"] == "StatefulSet":
            if workload["spec"]["serviceName"] not in services:
                yield f"{name_of(workload)}: no service {workload['spec']['serviceName']}"
            if workload["spec"]["replicas"] != 1:
                yield f"{name_of(workload)}: {workload['spec']['replicas']} replicas"


def endpoints_are_services():
    """every endpoint that is dialled is a service and its port, and every one that is listened on is a container's"""
    for workload in workloads:
        for container in pod_of(workload)["containers"]:
            for argument in container.get("args", []):
                for option, host, port in re.findall(r"--(\w+)=tcp://([^:]+):(\d+)", argument):
                    ports = services.get(host, {"spec": {"ports": []}})["spec"]["ports"]
                    if option == "listen" and port_number(workload, int(port)) is None:
                        yield f"{name_of(workload)} listens on {port}, which is no port of it"
                    if option == "coordinator" and int(port) not in [p["port"] for p in ports]:
                        yield f"{name_of(workload)} dials {host}:{port}, which is no service"


def mounts_have_volumes():
    """every mount has its volume, and every volume is mounted"""
    for workload in workloads:
        claims = [c["metadata"]["name"] for c in workload["spec"].get("volumeClaimTemplates", [])]
        volumes = {v["name"] for v in pod_of(workload)["volumes"]} | set(claims)
        mounts = {m["name"] for c in pod_of(workload)["containers"] for m in c["volumeMounts"]}
        for name in volumes ^ mounts:
            yield f"{name_of(workload)}: {name}"


def paths_are_mounted():
    """every file that a program is told of lies in a volume, or is the directory of one, for the rest cannot be written"""
    for workload in workloads:
        for container in pod_of(workload)["containers"]:
            mounts = [m["mountPath"] for m in container["volumeMounts"]]
            probe = container.get("livenessProbe", {}).get("exec", {}).get("command", [])
            values = [e["value"] for e in container.get("env", [])]
            for text in container.get("args", []) + probe + values:
                path = text.split("=")[-1]
                inside = any(path == m or path.startswith(m + "/") or m.startswith(path + "/") for m in mounts)
                if path.startswith("/") and not inside:
                    yield f"{name_of(workload)}: {text}"


def temporary_files_have_a_place():
    """every program may write temporary files, which SQLite does for a large question, the root being closed"""
    for workload in workloads:
        pod = pod_of(workload)
        passing = {v["name"] for v in pod["volumes"] if "emptyDir" in v}
        for container in pod["containers"]:
            if not any(m["mountPath"] == "/tmp" and m["name"] in passing for m in container["volumeMounts"]):
                yield f"{name_of(workload)}: no /tmp"


def keys_are_made():
    """every key is for its owner and his group alone, and README.md makes it, with the files that are read"""
    for workload in workloads:
        pod = pod_of(workload)
        sources = {v["name"]: v for v in pod["volumes"] if "secret" in v or "configMap" in v}
        for volume in sources.values():
            secret = volume.get("secret")
            if secret and (secret["defaultMode"] != 0o400 or "fsGroup" not in pod["securityContext"]):
                yield f"{name_of(workload)}: {secret['secretName']}: 0400 and an fsGroup make it readable by the pod alone"
        for container in pod["containers"]:
            for mount in container["volumeMounts"]:
                if mount["name"] in sources:
                    yield from files_not_made(sources[mount["name"]], mount, str(container))


def files_not_made(volume, mount, container):
    secret = volume.get("secret")
    what = f"secret generic {secret['secretName']}" if secret else f"configmap {volume['configMap']['name']}"
    made = re.search(rf"kubectl -n ldt create {what} (.*)", readme)
    files = re.findall(rf"--key={mount['mountPath']}/([\w.]+)", container) + [mount.get("subPath", "")]
    for name in files:
        if made is None or not re.search(rf"--from-file=(\S*/)?{name}", made.group(1)):
            yield f"README.md does not make {what} with {name or 'its files'}"


def policies_open_what_is_used():
    """workers may reach the coordinator at the port of its service, and what is not named is closed"""
    closed = policies["ldt-nothing-else"]["spec"]
    if closed["podSelector"] != {} or set(closed["policyTypes"]) != {"Ingress", "Egress"} or len(closed) != 2:
        yield "ldt-nothing-else does not close everything"
    inward, outward = policies["ldt-coordinator"]["spec"], policies["ldt-worker"]["spec"]
    coordinator, worker = selected(inward["podSelector"]["matchLabels"]), selected(outward["podSelector"]["matchLabels"])
    if [name_of(w) for w in coordinator + worker] != ["StatefulSet ldt-coordinator", "Deployment ldt-worker"]:
        yield f"the policies are about {[name_of(w) for w in coordinator + worker]}"
        return
    port = services["ldt-coordinator"]["spec"]["ports"][0]["port"]
    if port_number(coordinator[0], port) != port:
        yield f"a policy sees the pod's port, and that is not {port}"
    ways = [(rule["from"], rule["ports"], worker) for rule in inward["ingress"]]
    ways += [(rule["to"], rule["ports"], coordinator) for rule in outward["egress"]]
    for peers, ports, wanted in (ways[0], ways[len(inward["ingress"])]):
        if selected(peers[0]["podSelector"]["matchLabels"]) != wanted or [p["port"] for p in ports] != [port]:
            yield f"no way to {peers} at {port}"


def pods_are_restricted():
    """no pod may more than the restricted profile, write to its own root, or ask the cluster"""
    for workload in workloads:
        pod = pod_of(workload)
        context = pod["securityContext"]
        rules = {
            "runAsNonRoot": context.get("runAsNonRoot") is True and context.get("runAsUser", 0) > 0,
            "seccompProfile": context.get("seccompProfile") == {"type": "RuntimeDefault"},
            "automountServiceAccountToken": pod.get("automountServiceAccountToken") is False,
            "no host": not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(),
            "volumes": all({"emptyDir", "secret", "configMap"} & v.keys() for v in pod["volumes"]),
            "time to leave": pod.get("terminationGracePeriodSeconds", 0) >= 30,
        }
        for container in pod["containers"]:
            own = container["securityContext"]
            rules["allowPrivilegeEscalation"] = own.get("allowPrivilegeEscalation") is False
            rules["readOnlyRootFilesystem"] = own.get("readOnlyRootFilesystem") is True
            rules["capabilities"] = own.get("capabilities") == {"drop": ["ALL"]}
            rules["memory limit"] = "memory" in container["resources"]["limits"]
        for rule, kept in rules.items():
            if not kept:
                yield f"{name_of(workload)}: {rule}"


def images_are_this_version():
    """every image is the one that kustomization.yaml gives the version of the programs"""
    images = {i["name"]: i["newTag"] for i in kustomization["images"]}
    for workload in workloads:
        for container in pod_of(workload)["containers"]:
            if images.get(container["image"]) != version:
                yield f"{name_of(workload)}: {container['image']}, {images}, not {version}"


def schema_is_kept():
    """every manifest is what the schema of Kubernetes allows, without a field that it does not know"""
    for document in documents:
        try:
            kubernetes_validate.validate(document, "1.30", strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{name_of(document)}: {'.'.join(map(str, error.path))}: {error.message}"


checks = [
    resources_are_listed,
    workloads_select_their_own_pods,
    services_lead_to_ports,
    stateful_sets_name_a_service,
    endpoints_are_services,
    mounts_have_volumes,
    paths_are_mounted,
    temporary_files_have_a_place,
    keys_are_made,
    policies_open_what_is_used,
    pods_are_restricted,
    images_are_this_version,
]
bad = 0
for number, one in enumerate(checks, 1):
    faults = list(one())
    print(f"{'not ok' if faults else 'ok'} {number} - {one.__doc__}")
    for fault in faults:
        print(f"#   {fault}")
    bad += bool(faults)
number = len(checks) + 1
if kubernetes_validate is None:
    print(f"ok {number} - {schema_is_kept.__doc__} # SKIP pip install -r tests/system/requirements.txt")
else:
    faults = list(schema_is_kept())
    print(f"{'not ok' if faults else 'ok'} {number} - {schema_is_kept.__doc__}")
    for fault in faults:
        print(f"#   {fault}")
    bad += bool(faults)
print(f"1..{number}")
sys.exit(bad > 0)
