"""kubernetes.py ROOT: what the schemas of Kubernetes do not know. Exit status 1 where something is not so."""

import pathlib
import sys
import tomllib

import yaml

root = pathlib.Path(sys.argv[1])
operations = (root / "docs/OPERATIONS.md").read_text()
folder = root / "packaging/kubernetes"
documents = [
    document for file in sorted(folder.glob("*.yaml")) for document in yaml.safe_load_all(file.read_text())
]
wrong = []


def is_setting(name):
    variable = f"DASHOP_{name.upper()}"
    from_file = variable.removesuffix("_FILE")
    return f"| `{variable}` " in operations or (
        from_file != variable and f"| `{from_file}` *file* " in operations
    )


def check_settings(where, text):
    # Settings in comments count too: a line such as `# drain = 5`.
    shown = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    for name in tomllib.loads(shown):
        if not is_setting(name):
            wrong.append(f"{where}: {name} is not a setting of docs/OPERATIONS.md")
    return tomllib.loads(text)


def pods():
    for document in documents:
        if document["kind"] in ("Deployment", "Job"):
            yield document["metadata"]["name"], document["spec"]["template"]["spec"]


check_settings("packaging/dashop.toml", (root / "packaging/dashop.toml").read_text())
settings = {}
for document in documents:
    if document["kind"] == "ConfigMap":
        settings = check_settings("packaging/kubernetes", document["data"]["dashop.toml"])

images = set()
for name, pod in pods():
    if pod.get("enableServiceLinks") is not False:
        wrong.append(f"{name}: a Service named dashop must not set variables that begin with DASHOP_")
    if pod["securityContext"].get("runAsNonRoot") is not True:
        wrong.append(f"{name}: it runs as root")
    for container in pod["containers"]:
        images.add(container["image"])
        if "memory" not in container["resources"]["limits"]:
            wrong.append(f"{name}: its memory has no limit")
        if container["securityContext"].get("readOnlyRootFilesystem") is not True:
            wrong.append(f"{name}: it may change its image")
    if name == "dashop":
        # The program writes a workbook of orders to a file there before it sends it.
        if "/tmp" not in {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}:
            wrong.append(f"{name}: it has no /tmp to write to")
        # The limits of docs/OPERATIONS.md, "Stopping and connections".
        needed = settings["drain"] + 30 + 10
        if pod["terminationGracePeriodSeconds"] <= needed:
            wrong.append(f"{name}: it is killed before {needed} seconds are over")
        paths = {
            probe: pod["containers"][0][probe]["httpGet"]["path"] for probe in ("readinessProbe", "livenessProbe")
        }
        if paths != {"readinessProbe": "/readyz", "livenessProbe": "/healthz"}:
            wrong.append(f"{name}: {paths}")
if len(images) != 1:
    wrong.append(f"the job and the deployment are of different images: {images}")

if wrong:
    sys.exit("\n".join(wrong))
