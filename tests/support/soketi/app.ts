export class App {
    public secret: string;

    constructor({ secret }: any, _: any) {
        this.secret = secret;
    }
}
