import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GraphQLSchemaBuilderModule, GraphQLSchemaFactory } from '@nestjs/graphql';
import { lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql';
import { RESOLVERS } from './graphql.resolvers.js';

@Module({ imports: [GraphQLSchemaBuilderModule] })
class SchemaModule {}

/** The schema as SDL, sorted, so that one schema is always one text. */
export async function schemaText(): Promise<string> {
  const sorted = lexicographicSortSchema(await buildServiceSchema());
  return `# Written by npm run schema:write; do not edit.\n\n${printSchema(sorted)}\n`;
}

/** Types, fields and their costs as the classes declare them; no resolver is attached. Needs no database. */
export async function buildServiceSchema(): Promise<GraphQLSchema> {
  const context = await NestFactory.createApplicationContext(SchemaModule, { logger: false });
  try {
    return await context.get(GraphQLSchemaFactory).create([...RESOLVERS]);
  } finally {
    await context.close();
  }
}
