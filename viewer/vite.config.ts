/** Builds the viewer into one file: the page with its script and its style inside, since file:// refuses modules. */
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

export default defineConfig({
  base: "./",
  build: { target: "es2022", modulePreload: false },
  plugins: [viteSingleFile({ removeViteModuleLoader: true })],
});
