# The gateway, and with another command the sandbox provider. The base image needs Python 3.11 or newer with its
# venv module and CA certificates; an organisation with a CA or a package index of its own puts them there.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}

# Only used while building, and only where they are given.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL

# Git is for content that is deployed from repositories; without it that is switched off.
RUN command -v git >/dev/null \
 || (apt-get update -qq && apt-get install -y -qq --no-install-recommends git && rm -rf /var/lib/apt/lists/*) \
 || echo "No git in this image: deploying from repositories will be off."

RUN groupadd --gid 10001 tabard \
 && useradd --uid 10001 --gid tabard --create-home --shell /usr/sbin/nologin tabard \
 && install -d -m 0700 -o tabard -g tabard /data

COPY pyproject.toml constraints.txt README.md LICENSE tabard_boot.py /build/
COPY server /build/server
COPY runners /build/runners
COPY integrations /build/integrations
COPY dashboard /build/dashboard
RUN python3 -m venv /opt/tabard \
 && /opt/tabard/bin/python -m pip install --no-cache-dir --disable-pip-version-check -c /build/constraints.txt /build \
 && rm -rf /build

USER tabard
WORKDIR /home/tabard
VOLUME /data
EXPOSE 3939
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["/opt/tabard/bin/python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 3939, timeout=4); c.request('GET', '/__ping__'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["/opt/tabard/bin/tabard"]
CMD ["serve", "--host", "0.0.0.0", "--data-dir", "/data"]
