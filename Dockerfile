# The image of both processes; docker-compose.yml says which one a container runs.
FROM python:3.12-slim

# In a container 127.0.0.1 would reach nobody; what is published is the host's choice.
ENV PYTHONUNBUFFERED=1 \
    HTTP_HOST=0.0.0.0 \
    WS_HOST=0.0.0.0

# A fixed number, so that the owner of mounted files can be matched.
RUN useradd --uid 10001 --create-home message-center

WORKDIR /src

# The dependencies first: a change of the source does not install them again.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && pip install --no-cache-dir -c constraints.txt -r requirements.txt

COPY LICENSE README.md ./
COPY common common
COPY config config
COPY http_api http_api
COPY ws_server ws_server
RUN pip install --no-cache-dir -c constraints.txt .

USER 10001
# Not /src: `python -m` would take the packages from there, not the installed ones.
WORKDIR /home/message-center

EXPOSE 2345 2346

# Exec form: gunicorn's master is process 1 and gets the signals itself.
CMD ["message-center", "--help"]
