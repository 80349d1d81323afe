# dashop alone, as an image of about 100 MB. compose.yaml runs it with a database and carts.

FROM node:22-bookworm-slim AS pages
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci
COPY web ./
RUN npm run build

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=pages /src/web/dist web/dist
# What was fetched and built stays in the builder's cache, so that a changed line does not build everything again. Pages that
# come out of that cache are older than what was built last: without a new date, cargo would leave others in the program.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    find web/dist -type f -exec touch {} + && cargo build --release --locked --bin dashop && cp target/release/dashop /usr/local/bin/dashop

FROM debian:bookworm-slim
# The authorities that vouch for Alipay.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/dashop --create-home dashop
COPY --from=build /usr/local/bin/dashop /usr/local/bin/dashop
USER dashop
WORKDIR /var/lib/dashop
VOLUME /var/lib/dashop
# Within a container, only what listens on all addresses can be reached from outside.
ENV DASHOP_LISTEN=0.0.0.0:8000 DASHOP_DATA_DIR=/var/lib/dashop DASHOP_LOG_JSON=true
EXPOSE 8000
# The image has no HTTP client; bash can ask by itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8000 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["dashop"]
CMD ["serve"]
