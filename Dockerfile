# The image of everything: alone it serves with a Valkey of its own; docker-compose.yml runs one
# process in each container.
FROM python:3.12-slim

# In a container 127.0.0.1 would reach nobody; what is published is the host's choice.
ENV PYTHONUNBUFFERED=1 \
    HTTP_HOST=0.0.0.0 \
    WS_HOST=0.0.0.0 \
    DATA_DIR=/data

# A fixed number, so that the owner of mounted files can be matched.
RUN useradd --uid 10001 --create-home message-center \
    && install --directory --owner 10001 /data

WORKDIR /src

# The dependencies first: a change of the source does not install them again.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && pip install --no-cache-dir -c constraints.txt -r requirements.txt

COPY LICENSE README.md ./
COPY clients clients
COPY common common
COPY config config
COPY http_api http_api
COPY ws_server ws_server
RUN pip install --no-cache-dir -c constraints.txt .

USER 10001
# Not /src: `python -m` would take the packages from there, not the installed ones.
WORKDIR /home/message-center

EXPOSE 2345 2346

# What follows the name of the image is for message-center: `docker run … serve`, `http`, `ws`, `push`. Its own name may stand
# before it. `exec`, so that it is process 1 and gets the signals itself. Nobody knows in here where the port is published:
# without a word about who may push, `serve` lets in nothing from outside of the container.
ENTRYPOINT ["sh", "-c", "\
    if [ \"$1\" = message-center ]; then shift; fi; \
    if [ \"$1\" = serve ] && [ -z \"$PUSH_TOKENS$HTTP_PUBLISH$ALLOW_ANONYMOUS_PUSH\" ]; then \
        export HTTP_HOST=127.0.0.1; \
        echo 'The HTTP API is reached inside this container only, until PUSH_TOKENS=name:token is set, or HTTP_PUBLISH=127.0.0.1 if its port is published there' >&2; \
    fi; \
    exec message-center \"$@\"", "message-center"]
CMD ["serve"]
