# cloudrobust with the versions that it is tested with (constraints.txt), for Kubernetes, AWS Batch and Apptainer:
#
#   docker build --tag cloudrobust .
#   docker run --rm --volume "$PWD:/study" cloudrobust --cores all
#   apptainer build cloudrobust.sif docker-daemon://cloudrobust:latest
#
# A study lies in /study: its config.yaml, data and results. The workflow lies in /opt/cloudrobust.
FROM python:3.11-slim-bookworm

# procps: Snakemake's benchmarks look at processes. The wheels bring GDAL, PROJ, HDF5 and OpenMP of their own.
# Debian keeps one version of each package, so none can be named here.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libexpat1 procps \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/cloudrobust
COPY constraints.txt ./
# Apart from the code, so that an edit of it does not install everything anew. The executors that a job inside needs
# come along; the versions are those of the profiles.
RUN pip install --no-cache-dir --constraint constraints.txt torch==2.13.0 \
    && pip install --no-cache-dir \
        snakemake-executor-plugin-kubernetes==0.5.1 \
        snakemake-executor-plugin-aws-batch==0.2.1 \
        snakemake-storage-plugin-s3==0.3.6 \
        --constraint constraints.txt

COPY pyproject.toml README.md LICENSE Snakefile config.yaml ./
COPY config config
COPY envs envs
COPY profiles profiles
COPY rules rules
COPY workflow workflow
RUN pip install --no-cache-dir --constraint constraints.txt --editable .

WORKDIR /study
ENTRYPOINT ["snakemake", "--snakefile", "/opt/cloudrobust/Snakefile"]
