rule build_page:
    input:
        scores=rules.collect_scores.output.parquet,
        differences=rules.compare.output.parquet,
        boundaries=rules.describe_boundaries.output.parquet,
        usage=rules.collect_usage.output.usage,
        failures=rules.collect_usage.output.failures,
        responses=collect_pairs("results/{model}/{dataset}/responses.parquet"),
        pair_boundaries=collect_pairs("results/{model}/{dataset}/boundary.parquet"),
        sces=collect_pairs("results/{model}/{dataset}/sce.parquet"),
        distances=collect_pairs("results/{model}/{dataset}/distances.parquet"),
        datasets=of_checkout(map(study_config.dataset_file, STUDY.datasets)),
        prompts=of_checkout(dict.fromkeys(file for pair in STUDY.pairs for file in STUDY.prompt_files(*pair))),
        built=of_checkout(["sce/showing/page/page.js", "sce/showing/page/page.css"]),
        modules=closure("sce.showing.page.contents", "sce.showing.page.document", "sce.running.jobs"),
        script=script_file("build_page"),
    output:
        page="results/report.html",
        conversations=directory("results/report_conversations"),
    log:
        "logs/build_page.log",
    conda:
        "../../envs/core.yaml"
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
    params:
        pairs=exact(STUDY.pairs),
        published=STUDY.config.prompts.published,
    message:
        "Everything found, as one page that opens offline"
    script:
        "../scripts/build_page.py"
