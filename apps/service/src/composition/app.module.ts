import { Module, type DynamicModule } from '@nestjs/common';
import { GraphqlModule } from './graphql.module.js';
import { RoomsModule, type Surroundings } from './rooms.module.js';
import { WorkersModule } from './workers.module.js';

/** One process of the service: the rooms, what works in the background, and the API when it has that role. */
@Module({})
export class AppModule {
  static forRoot(given: Surroundings): DynamicModule {
    const rooms = RoomsModule.forRoot(given);
    return {
      module: AppModule,
      imports: [
        rooms,
        WorkersModule.forRoot(rooms),
        ...(given.config.roles.includes('api') ? [GraphqlModule.forRoot(rooms)] : []),
      ],
    };
  }
}
