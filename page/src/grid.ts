// A dataset's grid: points in row-major order of the features, the last of which runs fastest.
import type { Dataset } from "./data.ts";

export class Grid {
  readonly shape: number[];
  readonly strides: number[];
  readonly size: number;

  constructor(readonly dataset: Dataset) {
    this.shape = dataset.features.map((feature) => feature.codes.length);
    this.strides = new Array<number>(this.shape.length).fill(1);
    for (let i = this.shape.length - 2; i >= 0; i--)
      this.strides[i] = this.strides[i + 1] * this.shape[i + 1];
    this.size = this.shape.reduce((a, b) => a * b, 1);
  }

  rank(point: number, feature: number): number {
    return Math.floor(point / this.strides[feature]) % this.shape[feature];
  }

  ranks(point: number): number[] {
    return this.shape.map((_, feature) => this.rank(point, feature));
  }

  point(ranks: number[]): number {
    return ranks.reduce((sum, rank, feature) => sum + rank * this.strides[feature], 0);
  }

  labels(point: number): string[] {
    return this.dataset.features.map((feature, i) => feature.labels[this.rank(point, i)]);
  }

  /** The point one step along a feature; itself at the end. */
  step(point: number, feature: number, by: number): number {
    const rank = this.rank(point, feature);
    const next = Math.min(this.shape[feature] - 1, Math.max(0, rank + by));
    return point + (next - rank) * this.strides[feature];
  }

  /** What a model is told of a point. */
  describe(point: number): string {
    const { features, text } = this.dataset;
    const labels = this.labels(point);
    const said = features.map((feature, i) => feature.wording.split("{value}").join(labels[i]));
    if (text === undefined) return said.map((sentence) => "- " + sentence).join("\n");
    const places = new Map(features.map((feature, i) => [feature.name, said[i]]));
    return text.replace(/\{(\w+)\}/g, (slot, name: string) => places.get(name) ?? slot).trim();
  }
}
