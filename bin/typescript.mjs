/** Lets TypeScript be imported as it is. No setting of a tsconfig.json changes what runs, and to look for one takes time. */
import { register } from "tsx/esm/api";

register({ tsconfig: false });
