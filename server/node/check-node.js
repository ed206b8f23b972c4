// Plain JavaScript in old syntax, because it has to run on the very versions that it turns away.
var major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    'Hookline needs Node 24 or newer, and this is Node ' +
      process.versions.node +
      '. Install it from https://nodejs.org.',
  )
  process.exit(1)
}
