# Gatehouse as an image: a static binary and nothing else. Postgres is a container of its own (compose.yaml).
FROM node:20-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
COPY web/signin/package.json signin/
COPY web/console/package.json console/
COPY web/demo/package.json demo/
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/web/dist web/dist
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X gatehouse/server.Version=${VERSION}" -o /gatehouse ./cmd/gatehouse

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /gatehouse /gatehouse
USER nonroot
EXPOSE 8080 3001
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s CMD ["/gatehouse", "health"]
ENTRYPOINT ["/gatehouse"]
CMD ["serve"]
