/** Builds the viewer into one file: the page with its script and its style inside. */
import { defineConfig, type Plugin } from "vite";

/** Puts script and style into the page. A link to a module is refused from file://, and a wheel is simpler with one file. */
function oneFile(): Plugin {
  return {
    name: "one-file",
    enforce: "post",
    generateBundle(_options, bundle) {
      const page = bundle["index.html"];
      if (page?.type !== "asset") throw new Error("index.html was expected in the bundle");
      let html = String(page.source);
      for (const [name, file] of Object.entries(bundle)) {
        if (file === page) continue;
        const text = file.type === "chunk" ? file.code : String(file.source);
        const tag = new RegExp(`\\s*<(script|link)[^>]*(src|href)="[^"]*${name}"[^>]*>(</script>)?`);
        if (!tag.test(html)) throw new Error(`${name} is in the bundle, but the page does not name it`);
        html = html.replace(tag, "");
        // A function as the replacement: "$&" in the code would else be taken for a pattern.
        if (file.type === "chunk") {
          const code = text.replaceAll("</script", "<\\/script");
          html = html.replace("</body>", () => `<script type="module">${code}</script>\n</body>`);
        } else {
          html = html.replace("</head>", () => `<style>${text}</style>\n</head>`);
        }
        delete bundle[name];
      }
      page.source = html;
    },
  };
}

export default defineConfig({
  base: "./",
  build: { target: "es2022", modulePreload: false, cssCodeSplit: false, assetsInlineLimit: 1e8 },
  plugins: [oneFile()],
});
