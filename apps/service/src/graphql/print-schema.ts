import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GraphQLSchemaBuilderModule, GraphQLSchemaFactory } from '@nestjs/graphql';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { RESOLVERS } from './graphql.resolvers.js';

@Module({ imports: [GraphQLSchemaBuilderModule] })
class SchemaModule {}

/** The schema as SDL, sorted, so that one schema is always one text. Needs no database. */
export async function schemaText(): Promise<string> {
  const context = await NestFactory.createApplicationContext(SchemaModule, { logger: false });
  try {
    const schema = await context.get(GraphQLSchemaFactory).create([...RESOLVERS]);
    return `# Written by npm run schema:write; do not edit.\n\n${printSchema(lexicographicSortSchema(schema))}\n`;
  } finally {
    await context.close();
  }
}
