# The container: what `make run` serves, without a compiler, a package index or root at run time.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /shop
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r requirements/run.txt
COPY app app
COPY components components
COPY demo demo
COPY migrations migrations
COPY prompts prompts
COPY static static
# A sixteenth of a CPU has no time to compile at start.
RUN /venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv/lib app components
RUN /venv/bin/python -c "from pathlib import Path; from app.rendering.renderer import environment; \
    templates = environment(Path('components')); \
    [templates.get_template(name) for name in templates.list_templates(extensions=['jinja'])]"

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home /shop shop && install -d -o shop /data
COPY --from=build /venv /venv
COPY --from=build /shop /shop
WORKDIR /shop
USER shop
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WANDSTORE_HOST=0.0.0.0 \
    WANDSTORE_PORT=8080 \
    WANDSTORE_DATA=/data
EXPOSE 8080
ENTRYPOINT ["python", "-m", "app"]
