// A table that can be sorted by its columns, filtered, and read a page at a time.
import type { Cell, Table } from "./data.ts";
import { button, h, select, unique } from "./dom.ts";
import { cell, named, whole } from "./text.ts";

export interface Column {
  key: string;
  label?: string;
  filter?: boolean;
  chosen?: string; // the filter's value at first
  show?: (row: Record<string, Cell>) => Node | string;
}

export interface Sorted {
  key: string;
  down: boolean;
}

export type Row = Record<string, Cell>;

export const records = (table: Table): Row[] =>
  table.rows.map((row) => Object.fromEntries(table.columns.map((name, i) => [name, row[i]])));

/** Rows in the order of a column, those without a value last; the sort is stable. */
export function sortRows(rows: Row[], by: Sorted | null): Row[] {
  if (!by) return rows;
  const sign = by.down ? -1 : 1;
  const missing = (value: Cell) => value === null || value === undefined;
  return [...rows].sort((one, two) => {
    const [a, b] = [one[by.key], two[by.key]];
    if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  });
}

export function filterRows(rows: Row[], wanted: Record<string, string>): Row[] {
  const active = Object.entries(wanted).filter(([, value]) => value !== "");
  return rows.filter((row) => active.every(([key, value]) => String(row[key]) === value));
}

const PAGE = 25;

export class DataTable {
  readonly element: HTMLElement;
  private readonly body = h("tbody");
  private readonly more = h("p", { class: "more" });
  private readonly headers = new Map<string, HTMLElement>();
  private readonly wanted: Record<string, string> = {};
  private sorted: Sorted | null = null;
  private length = PAGE;

  constructor(
    private readonly rows: Row[],
    private readonly columns: Column[],
    caption: string,
  ) {
    const filters = h("div", { class: "controls" });
    for (const column of columns) if (column.filter) this.addFilter(column, filters);
    const head = h("tr");
    for (const column of columns) head.append(this.header(column));
    const name = unique("table");
    const table = h("table", {}, h("caption", { id: name }, caption), h("thead", {}, head), this.body);
    const scroll = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": name }, table);
    this.element = h("div", { class: "data-table" }, filters, scroll, this.more);
    this.draw();
  }

  private addFilter(column: Column, filters: HTMLElement): void {
    const values = [...new Set(this.rows.map((row) => String(row[column.key])))];
    if (values.length < 2) return;
    const chosen = column.chosen !== undefined && values.includes(column.chosen) ? column.chosen : "";
    this.wanted[column.key] = chosen;
    const choices = [{ value: "", label: "all" }, ...values.map((value) => ({ value, label: named(value) }))];
    const { element } = select(column.label ?? named(column.key), choices, chosen, (value) => {
      this.wanted[column.key] = value;
      this.length = PAGE;
      this.draw();
    });
    filters.append(element);
  }

  private header(column: Column): HTMLElement {
    const label = column.label ?? named(column.key);
    const press = () => {
      this.sorted = { key: column.key, down: this.sorted?.key === column.key && !this.sorted.down };
      this.draw();
    };
    const found = h("th", { scope: "col", "aria-sort": "none" }, button(label, press, { class: "sort" }));
    this.headers.set(column.key, found);
    return found;
  }

  private draw(): void {
    const found = sortRows(filterRows(this.rows, this.wanted), this.sorted);
    for (const [key, header] of this.headers) {
      const direction = this.sorted?.down ? "descending" : "ascending";
      header.setAttribute("aria-sort", this.sorted?.key === key ? direction : "none");
    }
    this.body.replaceChildren(...found.slice(0, this.length).map((row) => this.line(row)));
    const shown = Math.min(this.length, found.length);
    this.more.replaceChildren(`${whole(shown)} of ${whole(found.length)} rows. `);
    if (shown < found.length)
      this.more.append(
        button("Show more", () => {
          this.length += 8 * PAGE;
          this.draw();
        }),
      );
  }

  private line(row: Row): HTMLElement {
    const found = h("tr");
    for (const column of this.columns) {
      const value = row[column.key];
      const shown = column.show ? column.show(row) : cell(value);
      found.append(h("td", { class: typeof value === "number" && !column.show ? "number" : null }, shown));
    }
    return found;
  }
}
