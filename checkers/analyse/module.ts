/** A source file as what it declares at its top: the pieces between which references run. */
import { posix } from "node:path";
import { ts } from "ts-morph";
import { bare, fieldName, fingerprint, isErased, meaning } from "./meaning.ts";
import { fieldsTaken, namesBound, referencesOf, type Reference } from "./references.ts";

/** A piece of source with a meaning of its own: a declaration, a field of an object, an element of a list. */
export class Piece {
  /** `models/a.ts#name`, `models/a.ts#name.field`, `models/a.ts#name[3]`. */
  readonly id: string;
  readonly module: Module;
  readonly node: ts.Node;
  private readonly leavesOut: (node: ts.Node) => boolean;
  private printed: string | undefined;
  private found: readonly Reference[] | undefined;

  constructor(id: string, module: Module, node: ts.Node, leavesOut: (node: ts.Node) => boolean) {
    this.id = id;
    this.module = module;
    this.node = node;
    this.leavesOut = leavesOut;
  }

  get fingerprint(): string {
    return (this.printed ??= fingerprint(meaning(this.node, this.leavesOut)));
  }

  get references(): readonly Reference[] {
    return (this.found ??= referencesOf(this.node, this.leavesOut));
  }
}

/** What a name at the top of a module stands for. */
export interface Declaration {
  readonly name: string;
  /** The statement, or the one variable of it. */
  readonly node: ts.Node;
  /** What a variable is made by, where the name is all of it. */
  readonly value: ts.Expression | null;
  /** What `const { a } = x` takes: the field, and what it is taken of. */
  readonly taken: { readonly of: ts.Expression; readonly field: string } | null;
}

/** Where an imported or handed on name comes from. */
export interface Origin {
  readonly from: string;
  /** `*`: the module itself. */
  readonly name: string;
  readonly node: ts.Node;
}

export class Module {
  /** Relative to the root of the tree. */
  readonly path: string;
  readonly source: ts.SourceFile;
  readonly declarations: ReadonlyMap<string, Declaration>;
  readonly imports: ReadonlyMap<string, Origin>;
  /** What is exported under a name: a name of this module, or of another one. */
  readonly exports: ReadonlyMap<string, string | Origin>;
  /** `export * from "./x.ts"` */
  readonly allOf: readonly string[];
  /** The modules that are loaded with this one, as the source writes them. */
  readonly loads: readonly string[];
  /** What runs when the module is loaded, and declares nothing. */
  readonly statements: readonly ts.Statement[];
  private readonly pieces = new Map<string, Piece>();
  private readonly leavesOut: (node: ts.Node) => boolean;

  constructor(path: string, text: string, leavesOut: (node: ts.Node) => boolean) {
    this.path = path;
    this.leavesOut = leavesOut;
    const options = {
      languageVersion: ts.ScriptTarget.ES2023,
      jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
    };
    this.source = ts.createSourceFile(path, text, options, true);
    const found = new Finder();
    for (const statement of this.source.statements) if (!isErased(statement)) found.add(statement);
    this.declarations = found.declarations;
    this.imports = found.imports;
    this.exports = found.exports;
    this.allOf = found.allOf;
    this.loads = [...found.loads];
    this.statements = found.statements;
  }

  /** The piece that a name stands for; of an object, only the field that is looked at. */
  piece(declaration: Declaration, field: string | null = null): Piece {
    const part = field === null || declaration.value === null ? null : fieldOf(declaration.value, field);
    if (part !== null) return this.pieceOf(`${declaration.name}.${field!}`, part);
    return this.pieceOf(declaration.name, declaration.node);
  }

  /** What runs when the module is loaded, and declares nothing. */
  effects(): readonly Piece[] {
    return this.statements.map((statement, i) => this.pieceOf(`(statement ${i})`, statement));
  }

  /** A part of a declaration as a piece of its own. */
  pieceOf(name: string, node: ts.Node): Piece {
    const known = this.pieces.get(name);
    if (known !== undefined) return known;
    const piece = new Piece(`${this.path}#${name}`, this, node, this.leavesOut);
    this.pieces.set(name, piece);
    return piece;
  }
}

/** The last field of that name, unless what is spread behind it may have it as well, or `this` may look at the others. */
function fieldOf(value: ts.Expression, name: string): ts.ObjectLiteralElementLike | null {
  const object = bare(value);
  if (!ts.isObjectLiteralExpression(object)) return null;
  for (const property of object.properties.toReversed()) {
    if (property.name === undefined || fieldName(property.name) === null) return null;
    if (fieldName(property.name) !== name) continue;
    return ts.isAccessor(property) || /\bthis\b/.test(property.getText()) ? null : property;
  }
  return null;
}

/** Sorts the statements of a module. */
class Finder {
  readonly declarations = new Map<string, Declaration>();
  readonly imports = new Map<string, Origin>();
  readonly exports = new Map<string, string | Origin>();
  readonly allOf: string[] = [];
  readonly loads = new Set<string>();
  readonly statements: ts.Statement[] = [];

  add(statement: ts.Statement): void {
    if (ts.isImportDeclaration(statement)) this.addImport(statement);
    else if (ts.isExportDeclaration(statement)) this.addExport(statement);
    else if (ts.isExportAssignment(statement)) this.declare("default", statement, statement.expression, true);
    else if (ts.isVariableStatement(statement)) this.addVariables(statement);
    else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
      this.declare(statement.name?.text ?? "default", statement, null, isExported(statement));
    else this.statements.push(statement);
  }

  private declare(name: string, node: ts.Node, value: ts.Expression | null, exported: boolean): void {
    this.declarations.set(name, { name, node, value, taken: null });
    if (!exported) return;
    this.exports.set(name, name);
    if (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(isDefault) === true)
      this.exports.set("default", name);
  }

  private addVariables(statement: ts.VariableStatement): void {
    for (const variable of statement.declarationList.declarations) {
      const { name, initializer } = variable;
      if (ts.isIdentifier(name)) this.declarations.set(name.text, whole(name.text, variable));
      else this.addPattern(name, variable);
      if (initializer === undefined && !ts.isIdentifier(name)) this.statements.push(statement);
      if (!isExported(statement)) continue;
      for (const { text } of namesBound(name)) this.exports.set(text, text);
    }
  }

  private addPattern(pattern: ts.BindingPattern, variable: ts.VariableDeclaration): void {
    const fields = ts.isObjectBindingPattern(pattern) ? fieldsTaken(pattern) : null;
    pattern.elements.forEach((element, i) => {
      if (!ts.isBindingElement(element)) return;
      const field = fields?.[i];
      const isPlain = ts.isIdentifier(element.name) && element.initializer === undefined;
      const taken =
        field === undefined || !isPlain || variable.initializer === undefined
          ? null
          : { of: variable.initializer, field };
      for (const { text } of namesBound(element.name))
        this.declarations.set(text, { ...whole(text, variable), value: null, taken });
    });
  }

  private addImport({ importClause, moduleSpecifier }: ts.ImportDeclaration): void {
    const from = (moduleSpecifier as ts.StringLiteral).text;
    const { name, namedBindings } = importClause ?? {};
    const named =
      namedBindings !== undefined && ts.isNamedImports(namedBindings) ? namedBindings.elements : [];
    const values = named.filter((specifier) => !isErased(specifier));
    // Also where nothing is left of the names: `verbatimModuleSyntax`.
    this.loads.add(from);
    if (name !== undefined) this.imports.set(name.text, { from, name: "default", node: importClause! });
    for (const node of values)
      this.imports.set(node.name.text, { from, name: (node.propertyName ?? node.name).text, node });
    if (namedBindings !== undefined && ts.isNamespaceImport(namedBindings))
      this.imports.set(namedBindings.name.text, { from, name: "*", node: namedBindings });
  }

  private addExport({ exportClause, moduleSpecifier }: ts.ExportDeclaration): void {
    const from = moduleSpecifier === undefined ? null : (moduleSpecifier as ts.StringLiteral).text;
    if (from !== null) this.loads.add(from);
    if (exportClause === undefined) this.allOf.push(from!);
    else if (ts.isNamespaceExport(exportClause))
      this.exports.set(exportClause.name.text, { from: from!, name: "*", node: exportClause });
    else
      for (const node of exportClause.elements) {
        if (isErased(node)) continue;
        const name = (node.propertyName ?? node.name).text;
        this.exports.set(node.name.text, from === null ? name : { from, name, node });
      }
  }
}

function whole(name: string, variable: ts.VariableDeclaration): Declaration {
  const list = variable.parent as ts.VariableDeclarationList;
  const node = list.declarations.length === 1 ? list : variable;
  return { name, node, value: variable.initializer ?? null, taken: null };
}

const isDefault = ({ kind }: ts.Node): boolean => kind === ts.SyntaxKind.DefaultKeyword;

export function isExported(statement: ts.Node): boolean {
  if (!ts.canHaveModifiers(statement)) return false;
  return ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
}

/** The file that a module means by a specifier, relative to the root; null: a package. */
export function fileNamed(specifier: string, importer: string): string | null {
  if (!specifier.startsWith(".")) return null;
  return posix.join(posix.dirname(importer), specifier);
}
