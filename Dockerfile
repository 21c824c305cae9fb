# Two images of one build:
#
#   docker build --target agent -t olares-backup-agent .
#   docker build --target space -t olares-space .
#
# The agent needs a fixed --hostname (restic knows its own locks by it), the data it backs up as read-only mounts, and
# the places it may restore to as writable ones; what is not mounted can be neither read nor written:
#
#   docker run --hostname my-machine --cap-drop ALL --cap-add DAC_READ_SEARCH --security-opt no-new-privileges \
#     -v olares-backup:/var/lib/olares-backup -v /home:/home:ro olares-backup-agent
#
# Restores need more rights: --cap-add DAC_OVERRIDE --cap-add CHOWN --cap-add FOWNER --cap-add FSETID --cap-add MKNOD for
# the files, and for the jail they run in --cap-add SYS_ADMIN --security-opt apparmor=unconfined. The jail drops
# SYS_ADMIN again. Without these a restore is refused, and says so.

ARG NODE_IMAGE=node:22.21.1-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /project
COPY . .
# Installs the packages (and a compiler if the native module needs one), fetches restic verified, builds dist/.
RUN node scripts/setup.mjs build
# The programs are bundled: the native module and the two packages that load it are all they still need.
RUN mkdir -p /out/node_modules \
  && cp -a dist package.json LICENSE /out/ \
  && cp -a node_modules/better-sqlite3 node_modules/bindings node_modules/file-uri-to-path /out/node_modules/ \
  && rm -rf /out/node_modules/better-sqlite3/deps /out/node_modules/better-sqlite3/src \
  && find /out/node_modules/better-sqlite3/build -type f ! -name better_sqlite3.node -delete \
  && cd /out && node -e "new (require('better-sqlite3'))(':memory:').close()"

FROM ${NODE_IMAGE} AS runtime
ENV NODE_ENV=production
# tini is the first process: it collects helpers that outlived the daemon which started them.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates tini \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /out /usr/lib/olares-backup

FROM runtime AS agent
# bubblewrap is the jail of restores, ssh carries repositories by SFTP.
RUN apt-get update \
  && apt-get install -y --no-install-recommends bubblewrap openssh-client \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /project/.tools/bin/restic /usr/local/bin/restic
RUN for program in olares-backup olares-backupd olares-backup-helper; do \
    ln -s "/usr/lib/olares-backup/dist/$program.mjs" "/usr/local/bin/$program" || exit 1; \
  done \
  && restic version && olares-backup --version && mkdir -m 0700 /var/lib/olares-backup
VOLUME /var/lib/olares-backup
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8640/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "olares-backupd"]
CMD ["--state-dir", "/var/lib/olares-backup"]

FROM runtime AS space
RUN ln -s /usr/lib/olares-backup/dist/olares-space.mjs /usr/local/bin/olares-space \
  && olares-space --version \
  && useradd --system --user-group --uid 8700 --home-dir /var/lib/olares-space --shell /usr/sbin/nologin olares-space \
  && install -d -m 0700 -o olares-space -g olares-space /var/lib/olares-space
USER olares-space
VOLUME /var/lib/olares-space
EXPOSE 8700
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8700/').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "olares-space"]
CMD ["--data", "/var/lib/olares-space", "--listen", "0.0.0.0:8700"]
