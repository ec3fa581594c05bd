// Bills of meters, put together by rooms and buildings.

const SUMS = ["use", "cost", "charges", "credited", "balance_start", "balance_end", "other"];

/** A sum of what is known; whether something isn't, or is an estimate, is kept with it. */
const sumOf = (bills, key) => {
  const known = bills.map((bill) => bill[key]).filter((value) => typeof value === "number");
  if (!known.length) return { value: null, isPartial: false, isEstimate: false };
  const estimates = key === "use" || key === "cost" ? bills.filter((bill) => bill.estimated) : [];
  return {
    // Amounts and readings have few decimals; their sums are not to show a float's.
    value: Math.round(known.reduce((sum, value) => sum + value, 0) * 10_000) / 10_000,
    isPartial: known.length < bills.length,
    isEstimate: estimates.length > 0,
  };
};

/** Some meters' bills together: of a room, of a building, or of all. */
export class Bills {
  constructor(name, bills) {
    this.name = name;
    this.bills = bills;
    this._sums = new Map();
  }

  /** Return the bills of one kind of meter; all, if none is given. */
  of(kind) {
    return kind ? this.bills.filter((bill) => bill.kind === kind) : this.bills;
  }

  sum(key, kind = "") {
    const id = `${kind} ${key}`;
    if (!this._sums.has(id)) this._sums.set(id, sumOf(this.of(kind), key));
    return this._sums.get(id);
  }

  /** Tell whether something of it is unknown, or estimated. */
  get marks() {
    const sums = SUMS.map((key) => this.sum(key));
    return {
      isPartial: sums.some((sum) => sum.isPartial),
      isEstimate: sums.some((sum) => sum.isEstimate),
    };
  }
}

/** Return the bills by building and room, in the order in which rooms are told. */
export const ledgerOf = (bills, rooms, elsewhere) => {
  const byDevice = new Map(bills.map((bill) => [bill.device_id, bill]));
  const buildings = new Map();
  const put = (building, room, found) => {
    if (!buildings.has(building)) buildings.set(building, []);
    buildings.get(building).push(new Bills(room, found));
  };
  for (const { building, building_code: code, room, meters } of rooms) {
    const found = meters.map((meter) => byDevice.get(meter.device_id)).filter(Boolean);
    for (const bill of found) byDevice.delete(bill.device_id);
    if (found.length) put(code ? `${building} (${code})` : building || elsewhere, room, found);
  }
  // Meters that aren't followed any more may have a bill all the same.
  for (const bill of byDevice.values()) put(bill.building || elsewhere, bill.room, [bill]);
  return [...buildings].map(([name, list]) => ({
    name,
    rooms: list,
    sums: new Bills("", list.flatMap((room) => room.bills)),
  }));
};
