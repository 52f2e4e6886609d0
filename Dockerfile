# The daemon and nothing to build it with. compose.yaml runs it; docs/operate.md explains.
FROM swift:6.2-bookworm AS build
WORKDIR /sluice
COPY Makefile ./
COPY scripts scripts
RUN scripts/install-dependencies.sh make && make dependencies
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
# Beside the daemon only those libraries of Swift's that it loads: all others are Debian's.
RUN make build \
 && install -D --target-directory=/out/bin .build/release/sluice \
 && ldd .build/release/sluice | awk '$3 ~ "/lib/swift/" { print $3 }' \
  | xargs install -D --mode=0644 --target-directory=/out/lib

FROM debian:bookworm-slim
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends \
      ca-certificates libhiredis0.14 libpq5 libsqlite3-0 libssl3 libstdc++6 libyaml-0-2 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 sluice \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sluice \
 # A new volume takes over who owns the folder that it is mounted on.
 && install -d --owner=10001 --group=10001 --mode=0750 /secrets /secrets/node /secrets/postgres /secrets/redis
COPY --from=build /out /usr/local
RUN ldconfig && ldd /usr/local/bin/sluice | { ! grep 'not found'; }
COPY pipeline.yaml /etc/sluice/
WORKDIR /etc/sluice
USER 10001:10001
ENTRYPOINT ["sluice"]
CMD ["serve"]
