# The daemon and nothing to build it with. compose.yaml runs it; docs/operate.md explains.
FROM swift:6.2-bookworm AS build
WORKDIR /sluice
COPY Makefile ./
COPY scripts scripts
RUN scripts/install-dependencies.sh make && make dependencies
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN make build && install -D --strip --target-directory=/out .build/release/sluice

FROM debian:bookworm-slim
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends \
      ca-certificates libhiredis0.14 libpq5 libsqlite3-0 libssl3 libstdc++6 libyaml-0-2 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 sluice \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sluice \
 # A new volume takes over who owns the folder that it is mounted on.
 && install -d --owner=10001 --group=10001 --mode=0750 /secrets /secrets/node /secrets/postgres /secrets/redis
COPY --from=build /out /usr/local/bin
RUN ldd /usr/local/bin/sluice | { ! grep 'not found'; }
COPY pipeline.yaml /etc/sluice/
WORKDIR /etc/sluice
USER 10001:10001
ENTRYPOINT ["sluice"]
CMD ["serve"]
