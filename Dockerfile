# For those who prefer an image: `heroku container:push web`, or heroku.yml.
FROM rust:1-slim-bookworm AS build
WORKDIR /build
COPY . .
# The compiler of the image is used: rust-toolchain.toml is not copied, since it asks for tools
# and targets of those who develop.
RUN CARGO_ENCODED_RUSTFLAGS="$(bin/rust-flags "$CARGO_HOME" /build/target)" \
    cargo build --locked --release --package innkeeper

FROM debian:bookworm-slim
# The release phase of Heroku sends its log with curl; certificates are for databases and
# `--to https://...`.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --home-dir /app innkeeper
# The same path as in a slug, so that the same commands hold.
COPY --from=build /build/target/release/innkeeper /app/target/release/innkeeper
WORKDIR /app
USER innkeeper
# No shell in between: it would die of the SIGTERM that the host ends its requests after.
CMD ["./target/release/innkeeper", "serve"]
