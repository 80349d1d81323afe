# dashop alone, as an image of about 112 MB. compose.yaml runs it with a database and carts.

FROM node:24-trixie-slim AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci
COPY web ./
RUN npm run build

FROM rust:1.95-trixie AS build
WORKDIR /src
COPY . .
COPY --from=pages /src/web/dist web/dist
# What was fetched and built stays in the builder's cache, so that a changed line does not build everything again. Pages that
# come out of that cache are older than what was built last: without a new date, cargo would leave others in the program.
# The commit that `dashop --version` tells, where the build context has no repository:
# docker build --build-arg BUILT_FROM_COMMIT="$(git log -1 --format=%h)" --build-arg BUILT_FROM_DATE="$(git log -1 --format=%cs)" .
ARG BUILT_FROM_COMMIT="" BUILT_FROM_DATE=""
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    find web/dist -type f -exec touch {} + && cargo build --release --locked --bin dashop \
    && scripts/split-debug target/release/dashop /out

# The debug information of exactly this program, to be kept beside it: docker build --target debug --output DIRECTORY .
FROM scratch AS debug
COPY --from=build /out/dashop.debug /

FROM debian:trixie-slim
# The authorities that vouch for Alipay.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/dashop --create-home dashop
COPY --from=build /out/dashop /usr/local/bin/dashop
# By number: who runs it can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/dashop
VOLUME /var/lib/dashop
# Within a container, only what listens on all addresses can be reached from outside.
ENV DASHOP_LISTEN=0.0.0.0:8000 DASHOP_DATA_DIR=/var/lib/dashop DASHOP_LOG_JSON=true
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["dashop", "healthcheck"]
ENTRYPOINT ["dashop"]
CMD ["serve"]
