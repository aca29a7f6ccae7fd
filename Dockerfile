# The container: what `make run` serves, without a compiler, a package index, pip or root at run time.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /shop
COPY requirements/run.txt requirements/run.txt
RUN python -m venv --without-pip /venv && \
    python -m pip --python /venv/bin/python install --no-compile --require-hashes -r requirements/run.txt
COPY app app
COPY components components
COPY demo demo
COPY locale locale
COPY migrations migrations
COPY prompts prompts
COPY static static
# A sixteenth of a CPU has no time to compile at start.
RUN /venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv/lib app components
RUN /venv/bin/python -c "from app.rendering.templates import compile_all; from app.settings import ROOT; \
    compile_all(ROOT / 'components')"

FROM python:3.11-slim
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip /usr/local/lib/python3*/site-packages/pip* && \
    install -d -o 10001 -g 10001 /data
COPY --from=build /venv /venv
COPY --from=build /shop /shop
WORKDIR /shop
USER 10001:10001
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WANDSTORE_HOST=0.0.0.0 \
    WANDSTORE_PORT=8080 \
    WANDSTORE_DATA=/data
EXPOSE 8080
# It answers 200 also where it is degraded: a shop without a model or a database still sells.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-S", "-c", "\
import os, socket, sys; \
port = int(os.environ['WANDSTORE_PORT']); \
shop = socket.create_connection(('127.0.0.1', port), 4); \
shop.sendall(b'GET /health HTTP/1.0\\r\\n\\r\\n'); \
sys.exit(not shop.recv(12).endswith(b' 200'))"]
ENTRYPOINT ["python", "-m", "app"]
