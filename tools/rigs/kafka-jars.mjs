// Finds Java and resolves the jars of a Kafka server through Maven, once.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

export const run = promisify(execFile);

const SCALA_VERSION = '2.13';
const SLF4J_VERSION = '1.7.36'; // the API version that Kafka itself depends on
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const MIN_JAVA = 17;

/** A failure that is told to a person as it is. */
export class UserError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const note = (message) => process.stderr.write(`kafka-broker: ${message}\n`);

/** Path of a usable java command, or a UserError that says what to install. */
export async function findJava() {
  const java = process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  let text;
  try {
    const { stdout, stderr } = await run(java, ['-version']);
    text = stderr + stdout;
  } catch (error) {
    if (error.code === 'ENOENT') {
      const where = process.env.JAVA_HOME
        ? `no java under JAVA_HOME (${process.env.JAVA_HOME})`
        : 'java is not on the PATH';
      throw new UserError(`${where}: install a JDK or JRE ${MIN_JAVA} or newer`);
    }
    throw new UserError(`"${java} -version" failed: ${(error.stderr || error.message).trim()}`);
  }
  const version = /version "(?:1\.)?(\d+)/.exec(text);
  if (version && Number(version[1]) < MIN_JAVA) {
    throw new UserError(`Kafka needs Java ${MIN_JAVA} or newer, but ${java} is Java ${version[1]}`);
  }
  return java;
}

function pom(kafkaVersion) {
  const dependency = (group, artifact, version) =>
    `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>kafka-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${dependency('org.apache.kafka', `kafka_${SCALA_VERSION}`, kafkaVersion)}
${dependency('org.slf4j', 'slf4j-simple', SLF4J_VERSION)}
  </dependencies>
</project>
`;
}

/** Folder with the server's jars; resolved with Maven the first time. */
export async function resolveJars({ cache, kafka }) {
  const target = path.join(cache, kafka);
  if (existsSync(path.join(target, `kafka_${SCALA_VERSION}-${kafka}.jar`))) return target;

  // Copy into a scratch folder and rename, so that an interrupted download
  // never looks like a complete one.
  const scratch = path.join(cache, `.${kafka}-${process.pid}`);
  await mkdir(scratch, { recursive: true });
  const pomFile = path.join(scratch, 'pom.xml');
  await writeFile(pomFile, pom(kafka));
  note(`resolving Kafka ${kafka} with Maven`);
  try {
    await run(
      'mvn',
      [
        '-q',
        '-B',
        '-Dstyle.color=never',
        '-f',
        pomFile,
        `${DEPENDENCY_PLUGIN}:copy-dependencies`,
        '-DincludeScope=runtime',
        `-DoutputDirectory=${path.join(scratch, 'jars')}`,
      ],
      { maxBuffer: 16 << 20 },
    );
    await rm(target, { recursive: true, force: true });
    await rename(path.join(scratch, 'jars'), target);
  } catch (error) {
    if (error.code === 'ENOENT' && error.syscall?.startsWith('spawn')) {
      throw new UserError(
        `mvn is not on the PATH: install Maven, or copy the jars of kafka_${SCALA_VERSION} ${kafka} to ${target}`,
      );
    }
    // Maven's own words up to its first empty line; the rest is general advice.
    const output = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim() || error.message;
    throw new UserError(
      `Maven could not resolve Kafka ${kafka}:\n${output.split(/\n(?:\[ERROR\])?[ \t]*\n/)[0]}`,
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return target;
}
