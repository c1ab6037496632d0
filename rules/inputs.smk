# What rules read, where that depends on the chosen families, estimators and encoders.


def revision_of(wildcards):
    """The commit of an encoder that is fetched: that of the settings, else the pinned one."""
    sections = [
        config[name] for name in ("backbone", "dual_encoder", "finetuning") if config[name]["model"] == wildcards.name
    ]
    asked = [section["revision"] for section in sections if section["revision"]]
    return asked[0] if asked else ENCODERS.get(wildcards.name, {}).get("revision") or ""


def encoder_files(wildcards):
    """The weights of the encoders behind a model, which are digested into it."""
    folders = [folder for section in encoder_sections() for folder in weights_of(section, "name")]
    files = [file for section in encoder_sections() for file in own_files(section, "model")]
    return folders + files + pose_model_files()


def pose_model_files():
    """The user's own files of pose networks, which lie where the settings say or among the weights."""
    named = [config["poses"][key] for key in ("model", "detector")] if needs_poses() else []
    places = [(Path(name), Path("weights") / name) for name in named if name]
    return [str(next(path for path in both if path.is_file())) for both in places if any(map(Path.is_file, both))]


def vocabulary_inputs(wildcards):
    """What the built-in vocabulary needs to pick concepts: embedded clips and the text encoder."""
    if config["language"]["source"] != "vocabulary":
        return {}
    shards = gather.clips("results/{{dataset}}/clip_features/{scatteritem}.parquet")
    return {
        "clips": expand(shards, dataset=wildcards.dataset),
        "weights": weights_of("dual_encoder", "name"),
    }


def recorded_answers(wildcards):
    """The file of recorded or own answers, so that an edit of it is noticed."""
    source = config["language"]["source"]
    if source == "recorded":
        name = config["language"]["recorded"] or wildcards.dataset
        path = f"{config['language']['answers']}/{name}.{wildcards.family}.json"
        return [path] if Path(path).is_file() else []
    return [config["language"]["answers"]] if source == "file" else []


def concept_targets(wildcards):
    """Labels that the concept layer learns from, and their concepts, of the chosen families."""
    root = f"results/{wildcards.dataset}"
    targets = {"concept_set": f"{root}/concepts/concept_set.parquet"} if text_families() else {}
    protocol = "authors/" if protocol_of(wildcards) == "authors" else ""
    for family in text_families():
        targets[family] = f"{root}/{protocol}pseudo_labels/{family}.parquet"
        targets[f"{family}_concepts"] = f"{root}/{protocol}pseudo_labels/{family}_concepts.parquet"
    if "motion" in config["families"]:
        folder = "motion_concepts" if needs_poses() else "released_motion"
        targets["motion"] = f"{root}/{folder}/labels.parquet"
        targets["motion_concepts"] = f"{root}/{folder}/concepts.parquet"
    return targets


def keyed_concepts(wildcards):
    """The motion concepts, and what says which segments or clips show them: what they are recognised by."""
    names = ("motion_concepts", "assignments") if needs_poses() else ("released_motion", "labels")
    folder = f"results/{wildcards.dataset}/{names[0]}"
    return {"concepts": f"{folder}/concepts.parquet", "members": f"{folder}/{names[1]}.parquet"}


def given_names(wildcards):
    """The file in which a person names motion concepts, so that an edit of it is noticed."""
    return config["naming"]["names"] or []


def names_of_run(wildcards):
    """The names beside a model, where it has motion concepts."""
    names = f"results/{wildcards.dataset}/{wildcards.run}/model/names.json"
    return names if "motion" in config["families"] else []


def report_files(wildcards):
    """Everything the report of the first run shows, as far as the chosen families made it."""
    root = f"results/{wildcards.dataset}"
    seed = f"{root}/{runs()[0]}"
    files = {name: f"{seed}/{name}.parquet" for name in ("predictions", "contributions", "concepts")}
    files |= {"model": f"{seed}/model/model.json", "metrics": f"{seed}/metrics.json"}
    files |= {"comparison": f"{root}/comparison.json", "path": f"{seed}/path.parquet"}
    files |= {"concept_layer": f"{seed}/concept_layer.json", "manifest": f"{root}/manifest.parquet"}
    if "motion" in config["families"]:
        files["names"] = f"{seed}/model/names.json"
    if not config["release"]:
        files |= {f"{family}_usage": f"{root}/concepts/{family}_usage.parquet" for family in text_families()}
    shards = {"features": "backbone_features"}
    if needs_poses():
        shards |= {"poses": "poses", "pose_quality": "pose_quality"}
    if "motion" in config["families"] and needs_poses():
        files["segments"] = f"{root}/pose_segments.parquet"
        files["partitions"] = f"{root}/motion_concepts/partitions.parquet"
        files["stability"] = f"{root}/motion_concepts/stability.json"
    for name, stage in shards.items():
        path = gather.clips(f"results/{{{{dataset}}}}/{stage}/{{scatteritem}}.parquet")
        files[name] = expand(path, dataset=wildcards.dataset)
    labels = concept_targets(wildcards)
    labels.pop("motion", None)
    return files | labels


def final_artifacts(wildcards):
    """Everything a finished workflow leaves: the report, and metrics and contributions of every run."""
    root = f"results/{config['dataset']}"
    names = [f"{run}/{name}" for run in runs() for name in ("metrics.json", "contributions.parquet")]
    suggestions = ["motion_concepts/suggestions.csv"] if config["naming"]["source"] == "endpoint" else []
    return [f"{root}/{name}" for name in ("report", "comparison.json", *names, *suggestions)]
